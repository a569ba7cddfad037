"""What submissions call the components, and their arguments. Names are compared without underscores and capitals."""
import re


def plain(name):
    return name.replace("_", "").lower()


# The tutorial's names first. After them: the public assignments of UvA, CS231n and deeplearning.ai, and usual variants.
COMPONENTS = {
    "linear_forward": ["linear", "linearmodule", "linearlayer", "affineforward", "linearforward", "affine", "dense",
                       "denselayer", "fullyconnected", "fcforward", "mylinear", "layerdense"],
    "linear_backward": ["linear", "linearmodule", "linearlayer", "affinebackward", "linearbackward", "affine", "dense",
                        "denselayer", "fullyconnected", "fcbackward", "mylinear", "layerdense"],
    "softmax": ["softmax", "softmaxmodule", "stablesoftmax", "softmaxforward", "mysoftmax", "activationsoftmax"],
    "cross_entropy": ["crossentropyloss", "crossentropy", "crossentropymodule", "softmaxloss", "softmaxcrossentropy",
                      "crossentropyforward", "mycrossentropy", "softmaxcrossentropyloss"],
    "cross_entropy_gradient": ["crossentropygradient", "crossentropybackward", "crossentropygrad", "softmaxloss",
                               "softmaxcrossentropygradient", "dcrossentropy", "crossentropymodule",
                               "crossentropyloss", "crossentropy", "softmaxcrossentropy", "mycrossentropy"],
    "init_constant": ["constinit", "constantinit", "initconst", "initconstant", "constantinitialization",
                      "initializeconstant", "initializeparametersconstant"],
    "init_normal": ["varinit", "constvarinit", "normalinit", "initnormal", "gaussianinit", "initvar", "randominit",
                    "initializenormal", "normalinitialization"],
    "init_fan_in": ["equalvarinit", "equalvarianceinit", "faninit", "faninnit", "initfanin", "lecuninit",
                    "initequalvar", "equalvarinitialization"],
    "init_xavier": ["xavierinit", "glorotinit", "initxavier", "xavier", "xavierinitialization", "xavieruniforminit",
                    "xaviernormalinit", "xavieruniform", "xaviernormal", "initializeparametersxavier", "initglorot"],
    "init_kaiming": ["kaiminginit", "heinit", "initkaiming", "inithe", "kaiming", "kaiminginitialization",
                     "heinitialization", "initializeparametershe", "kaimingnormalinit", "kaiminguniforminit"],
    "sgd": ["sgd", "optimizersgd", "sgdoptimizer", "vanillasgd", "gradientdescent", "mysgd", "customsgd",
            "updateparameterswithgd", "updateparameterswithsgd", "sgdupdate", "sgdstep"],
    "momentum": ["sgdmomentum", "sgdmom", "momentum", "sgdwithmomentum", "momentumsgd", "mysgdmomentum",
                 "updateparameterswithmomentum", "momentumoptimizer", "optimizermomentum", "momentumupdate", "sgdm"],
    "adam": ["adam", "optimizeradam", "adamoptimizer", "myadam", "customadam", "updateparameterswithadam",
             "adamupdate", "adamstep"],
    "network_gradient": ["basenetwork", "network", "mlp", "neuralnetwork", "net", "networkgradient", "mynetwork"],
    "training": ["training"],
    "pathological_curve": ["pathologicalcurveloss", "pathologicalcurve", "pathologicalloss", "pathologicalcurvature",
                           "pathologicalcurvatureloss", "pathologicalsurface"],
    "steep_optima": ["combfunc", "steepoptima", "combfunction", "steepoptimaloss", "combinedfunc", "combgaussian"],
}
for _name, _variants in {"identity": ["identity", "linearactivation"], "tanh": ["tanh"], "relu": ["relu"],
                         "sigmoid": ["sigmoid", "logistic"],
                         "leaky_relu": ["leakyrelu", "lrelu"]}.items():
    _forms = ["{}", "{}forward", "{}module", "my{}", "{}activation", "activation{}", "{}fn", "{}layer", "custom{}"]
    COMPONENTS[_name] = [form.format(v) for form in _forms for v in _variants]
    _forms = ["{}gradient", "{}backward", "{}prime", "{}derivative", "{}grad", "d{}"]
    COMPONENTS[_name + "_gradient"] = [form.format(v) for form in _forms for v in _variants] + COMPONENTS[_name]

# Arguments. All names of a row mean the same value of the protocol.
ARGUMENTS = {
    "learning_rate": {"lr", "learningrate", "alpha", "eta", "stepsize", "rate"},
    "momentum": {"momentum", "beta", "beta1", "mu", "gamma", "rho", "mom"},
    "beta1": {"beta1", "b1"},
    "beta2": {"beta2", "b2"},
    "betas": {"betas"},
    "epsilon": {"eps", "epsilon"},
    "fill": {"fill", "value", "val", "constant", "const", "c", "fillvalue"},
    "std": {"std", "sigma", "stddev", "stdev"},
    "variance": {"var", "variance"},
    "slope": {"slope", "negativeslope", "alpha", "leak", "a"},
    "weight": {"w", "x", "theta", "param", "p", "weight", "params", "parameters", "weights", "parameter"},
    "gradient": {"g", "dw", "grad", "gradient", "grads", "gradients", "dx", "dtheta"},
    "first_moment": {"m", "velocity", "firstmoment", "mom", "expavg", "vel"},
    "second_moment": {"v", "s", "secondmoment"},
    "step": {"t", "step", "iteration", "iter"},
    "activation": {"actfn", "activation", "act", "activationfn", "actfunc", "nonlinearity"},
    "inputs": {"inputsize", "infeatures", "ninputs", "inputdim", "indim", "inputs", "nin", "insize", "fanin"},
    "outputs": {"numclasses", "outputsize", "nclasses", "outdim", "noutputs", "outfeatures", "outputdim", "outputs",
                "nout", "outsize", "fanout"},
    "hidden": {"hiddensizes", "hidden", "hiddendims", "nhidden", "hiddensize", "hiddenlayers"},
    "sizes": {"sizes", "layersizes", "layersdims", "layerdims", "dims", "layers", "shape"},
    "labels": {"y", "labels", "targets", "target", "t", "ytrue", "true", "label"},
    "probabilities": {"p", "probs", "probabilities", "prob", "yhat", "ypred", "al", "a", "probability", "predictions"},
    "seed": {"seed", "rng", "generator"},
}


def means(argument, what):
    return plain(argument) in ARGUMENTS[what]


MAPPING = re.compile(r"^\s*#\s*assay:\s*(\w+)\s*=\s*([A-Za-z_][\w.]*)\s*$", re.MULTILINE)


def component_of(name):
    """The component that a name of a mapping means: assay's own name, or one of the variants; None if there is none."""
    if name in COMPONENTS:
        return name
    return next((component for component, names in COMPONENTS.items() if plain(name) in names), None)
