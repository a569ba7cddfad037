"""What submissions call the components, and their arguments. Names are compared without underscores and capitals."""
import re


def plain(name):
    return name.replace("_", "").lower()


# The tutorial's names first. After them: the public assignments of UvA, CS231n and deeplearning.ai, and usual variants.
COMPONENTS = {
    "linear_forward": ["linear", "linearmodule", "linearlayer", "affineforward", "linearforward", "affine", "dense",
                       "denselayer", "fullyconnected", "fcforward", "mylinear", "layerdense", "linearmap"],
    "linear_backward": ["linear", "linearmodule", "linearlayer", "affinebackward", "linearbackward", "affine", "dense",
                        "denselayer", "fullyconnected", "fcbackward", "mylinear", "layerdense"],
    "softmax": ["softmax", "softmaxmodule", "stablesoftmax", "softmaxforward", "mysoftmax", "activationsoftmax"],
    "cross_entropy": ["crossentropyloss", "crossentropy", "crossentropymodule", "softmaxloss", "softmaxcrossentropy",
                      "crossentropyforward", "mycrossentropy", "softmaxcrossentropyloss", "computecost"],
    "cross_entropy_gradient": ["crossentropygradient", "crossentropybackward", "crossentropygrad", "softmaxloss",
                               "softmaxcrossentropygradient", "dcrossentropy", "crossentropymodule",
                               "crossentropyloss", "crossentropy", "softmaxcrossentropy", "mycrossentropy"],
    "init_constant": ["constinit", "constantinit", "initconst", "initconstant", "constantinitialization",
                      "initializeconstant", "initializeparametersconstant", "initializeparameterszeros"],
    "init_normal": ["varinit", "constvarinit", "normalinit", "initnormal", "gaussianinit", "initvar", "randominit",
                    "initializenormal", "normalinitialization", "initializeparametersrandom",
                    "initializeparametersdeep"],
    "init_fan_in": ["equalvarinit", "equalvarianceinit", "faninit", "faninnit", "initfanin", "lecuninit",
                    "initequalvar", "equalvarinitialization"],
    "init_xavier": ["xavierinit", "glorotinit", "initxavier", "xavier", "xavierinitialization", "xavieruniforminit",
                    "xaviernormalinit", "xavieruniform", "xaviernormal", "initializeparametersxavier", "initglorot"],
    "init_kaiming": ["kaiminginit", "heinit", "initkaiming", "inithe", "kaiming", "kaiminginitialization",
                     "heinitialization", "initializeparametershe", "kaimingnormalinit", "kaiminguniforminit"],
    "sgd": ["sgd", "optimizersgd", "sgdoptimizer", "vanillasgd", "gradientdescent", "mysgd", "customsgd",
            "updateparameterswithgd", "updateparameterswithsgd", "sgdupdate", "sgdstep", "updateparameters"],
    "momentum": ["sgdmomentum", "sgdmom", "momentum", "sgdwithmomentum", "momentumsgd", "mysgdmomentum",
                 "updateparameterswithmomentum", "momentumoptimizer", "optimizermomentum", "momentumupdate", "sgdm"],
    "adam": ["adam", "optimizeradam", "adamoptimizer", "myadam", "customadam", "updateparameterswithadam",
             "adamupdate", "adamstep"],
    "network_gradient": ["basenetwork", "network", "mlp", "neuralnetwork", "net", "networkgradient", "mynetwork",
                         "fullyconnectednet", "twolayernet", "lmodelforward", "multilayerperceptron"],
    "training": ["training"],
    "pathological_curve": ["pathologicalcurveloss", "pathologicalcurve", "pathologicalloss", "pathologicalcurvature",
                           "pathologicalcurvatureloss", "pathologicalsurface"],
    "steep_optima": ["combfunc", "steepoptima", "combfunction", "steepoptimaloss", "combinedfunc", "combgaussian"],
}
ACTIVATIONS = {"identity": ["identity"], "tanh": ["tanh", "hyperbolictangent"], "relu": ["relu"],
               "sigmoid": ["sigmoid", "logistic"], "leaky_relu": ["leakyrelu", "lrelu"]}
for _name, _variants in ACTIVATIONS.items():
    _forms = ["{}", "{}forward", "{}module", "my{}", "{}activation", "activation{}", "{}fn", "{}layer", "custom{}"]
    COMPONENTS[_name] = [form.format(v) for form in _forms for v in _variants]
    _forms = ["{}gradient", "{}backward", "{}prime", "{}derivative", "{}grad", "d{}"]
    COMPONENTS[_name + "_gradient"] = [form.format(v) for form in _forms for v in _variants] + COMPONENTS[_name]

# Other names are read as a row of words: the component's own word, among words that say nothing more.
_ANYWHERE = ("my", "own", "custom", "simple", "plain", "vanilla", "basic", "naive", "new", "manual", "student", "task",
             "exercise", "ex", "q", "question", "part", "solution", "answer", "from", "scratch", "numpy", "np", "torch",
             "pytorch", "vec", "vectori[sz]ed", "the", "impl", "implementation", "func", "function", "fn", "version",
             "class", "module", "compute", "calc", "calculate", "stable", "batch", "v?\\d")
_INIT = ("init", "initiali[sz]e", "initiali[sz]ation", "initiali[sz]er", "weights?", "biases", "parameters?", "params?",
         "model", "net", "network", "layers?", "linear", "uniform", "normal", "by", "with", "and", "kernel", "reset",
         "variance", "scaled?", "activations?", "deep")
_STEP = ("optimi[sz]er", "optim", "opt", "update", "updates", "step", "rule", "weights?", "parameters?", "params?",
         "with", "train", "apply", "minibatch", "stochastic", "by", "run", "do", "perform", "gd")
_LAYER = ("layer", "forward", "fwd", "pass", "activations?", "op", "loss", "categorical", "criterion")
_BACK = ("gradient", "grad", "backward", "back", "bwd", "prime", "derivative", "deriv", "pass", "layer", "of", "d",
         "activations?", "delta", "loss", "diff")
_NET = ("base", "feed", "forward", "fully", "connected", "deep", "neural", "two", "three", "layer", "layers", "multi",
        "classifier", "model", "fashion", "make", "build", "create", "get", "mnist", "image", "hidden", "artificial",
        "dense", "small", "big")
_SURFACE = ("loss", "curve", "surface", "func", "curvature", "landscape", "d", "objective", "test", "sum", "of")
WORDS = {
    "linear_forward": ("linear|affine|dense|fullyconnected|fc", ("layer", "forward", "fwd", "pass", "op")),
    "linear_backward": ("linear|affine|dense|fullyconnected|fc", ("layer", "backward", "back", "bwd", "pass", "grad",
                                                                  "gradient", "gradients")),
    "softmax": ("softmax", ("layer", "forward", "fwd", "activations?", "op")),
    "cross_entropy": ("softmaxcrossentropy|crossentropy|softmaxce|ce|xent|softmaxwithloss",
                      _LAYER + ("softmax", "with", "logits", "error")),
    "cross_entropy_gradient": ("crossentropy|softmaxce|xent|softmaxwithloss",
                               _BACK + ("softmax", "with", "logits", "categorical", "error")),
    "init_constant": ("const|constant|zeros", _INIT),
    "init_normal": ("normal|gaussian|random|randn", _INIT[:6] + ("parameters?", "params?", "model", "net", "network",
                                                                 "std", "constvar", "var", "layers?")),
    "init_fan_in": ("equalvar|equalvariance|lecun|fanin", _INIT),
    "init_xavier": ("xavier|glorot", _INIT),
    "init_kaiming": ("kaiming|he|kaiminghe|msra", _INIT),
    "sgd": ("sgd|gradientdescent|stochasticgradientdescent|gd", _STEP),
    "momentum": ("momentum|sgdm|sgdmom", _STEP + ("sgd", "gradient", "descent", "mom")),
    "adam": ("adam", _STEP + ("sgd",)),
    "network_gradient": ("mlp|network|net|nn|dnn|perceptron|fcn|ffn|fnn|ann", _NET),
    "pathological_curve": ("pathological|ravine|valley", _SURFACE),
    "steep_optima": ("steepoptima|steepminima|steep|comb|combined|threegaussians", _SURFACE + ("gaussians?", "bivar")),
}
for _name, _variants in ACTIVATIONS.items():
    WORDS[_name] = ("|".join(_variants), _LAYER)
    WORDS[_name + "_gradient"] = ("|".join(_variants), _BACK)


def _pattern(core, around):
    word = "(?:" + "|".join((*_ANYWHERE, *around)) + ")*"
    return re.compile(f"{word}(?:{core}){word}")


PATTERNS = {component: _pattern(core, around) for component, (core, around) in WORDS.items()}


def reads_as(name, component):
    """Whether a name is the component's, among words that say nothing more: my_adam_update_v2."""
    return component in PATTERNS and PATTERNS[component].fullmatch(plain(name)) is not None


# Arguments. All names of a row mean the same value of the protocol.
ARGUMENTS = {
    "learning_rate": {"lr", "learningrate", "alpha", "eta", "stepsize", "rate", "learnrate", "lrate"},
    "momentum": {"momentum", "beta", "beta1", "mu", "gamma", "rho", "mom", "b1", "momentumfactor"},
    "beta1": {"beta1", "b1", "decay1", "rho1"},
    "beta2": {"beta2", "b2", "decay2", "rho2"},
    "betas": {"betas"},
    "epsilon": {"eps", "epsilon", "e", "delta"},
    "fill": {"fill", "value", "val", "constant", "const", "c", "fillvalue", "k"},
    "std": {"std", "sigma", "stddev", "stdev", "s", "scale", "weightscale"},
    "variance": {"var", "variance"},
    "slope": {"slope", "negativeslope", "alpha", "leak", "a", "leakyslope", "neg"},
    "weight": {"w", "x", "theta", "param", "p", "weight", "params", "parameters", "weights", "parameter", "ws"},
    "gradient": {"g", "dw", "grad", "gradient", "grads", "gradients", "dx", "dtheta", "gs", "gradw", "dparams"},
    "bias": {"b", "bias", "biases"},
    "bias_gradient": {"db", "gradb", "dbias", "bgrad", "dbiases"},
    "first_moment": {"m", "velocity", "firstmoment", "mom", "expavg", "vel", "ms", "moment1", "mt",
                     "velocities", "momenta", "moments", "moment", "vels", "buffers", "buf", "prevupdate"},
    "second_moment": {"v", "s", "secondmoment", "expavgsq", "vs", "cache", "moment2", "vt", "sqavg"},
    "step": {"t", "step", "iteration", "iter", "i", "timestep", "it", "nstep"},
    "state": {"state", "states", "optstate", "memory", "optimizerstate"},
    "activation": {"actfn", "activation", "act", "activationfn", "actfunc", "nonlinearity", "activationfunction",
                   "actfunction", "nonlin", "af"},
    "inputs": {"inputsize", "infeatures", "ninputs", "inputdim", "indim", "inputs", "nin", "insize", "fanin", "din",
               "inputfeatures", "numinputs", "nfeatures", "ninput", "numfeatures", "inputlayersize", "inchannels"},
    "outputs": {"numclasses", "outputsize", "nclasses", "outdim", "noutputs", "outfeatures", "outputdim", "outputs",
                "nout", "outsize", "fanout", "numoutputs", "noutput", "numlabels", "dout", "classes", "numclass",
                "nneurons", "outputfeatures", "units", "nunits", "outputlayersize"},
    "hidden": {"hiddensizes", "hidden", "hiddendims", "nhidden", "hiddensize", "hiddenlayers", "hiddendim",
               "hiddenunits", "hiddenlayersizes", "numhidden", "hiddenlayer", "hiddens", "nhiddens", "dnnhiddenunits",
               "hiddenfeatures", "hiddenlayersize"},
    "sizes": {"sizes", "layersizes", "layersdims", "layerdims", "dims", "layers", "layerssizes", "layersizes",
              "widths", "layerwidths", "architecture", "units"},
    "labels": {"y", "labels", "targets", "target", "t", "ytrue", "true", "label"},
    "probabilities": {"p", "probs", "probabilities", "prob", "yhat", "ypred", "al", "a", "probability", "predictions"},
    "seed": {"seed", "rng", "generator", "randomstate"},
    "model": {"model", "net", "network"},
    "named_parameters": {"namedparameters", "namedparams"},
}


def means(argument, what):
    return plain(argument) in ARGUMENTS[what]


MAPPING = re.compile(r"^\s*#\s*assay:\s*(\w+)\s*=\s*([A-Za-z_][\w.]*)\s*$", re.MULTILINE)


def component_of(name):
    """The component that a name of a mapping means: assay's own name, or one of the variants; None if there is none."""
    if name in COMPONENTS:
        return name
    return next((component for component, names in COMPONENTS.items() if plain(name) in names), None)
