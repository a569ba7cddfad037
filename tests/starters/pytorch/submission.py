"""Your submission, with PyTorch: the tutorial's own classes and functions. Autograd gives the derivatives.

Type `python3 submission.py check` to grade it with the public seed. Grade it as the teacher does with

    assay grade --folder . -- python3 submission.py

Tensors come in double precision. You may print: standard output is yours. Delete what you do not want graded.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

import assay

# assay.use(precision=32)  # if you compute in float32: then you are judged with float32's tolerance


# [section]
# --- linear layer ---------------------------------------------------------------------------------

# [component linear_forward linear_backward]
@assay.implements("linear_forward")
def linear_forward(x, weight, bias):
    """weight is [out][in]. Returns y [rows][out]; autograd gives linear_backward."""
    # [solution the affine map of a linear layer]
    return F.linear(x, weight, bias)
    # [end]


# [end]
# [end]
# [section]
# --- activations; autograd gives their derivatives ------------------------------------------------

# [component identity identity_gradient]
@assay.implements("identity")
def identity(x):
    # [solution the identity]
    return x
    # [end]


# [end]
# [component tanh tanh_gradient]
@assay.implements("tanh")
def tanh(x):
    # [solution the hyperbolic tangent]
    return torch.tanh(x)
    # [end]


# [end]
# [component relu relu_gradient]
@assay.implements("relu")
def relu(x):
    # [solution the rectified linear unit]
    return torch.relu(x)
    # [end]


# [end]
# [component sigmoid sigmoid_gradient]
@assay.implements("sigmoid")
def sigmoid(x):
    # [solution the logistic function]
    return torch.sigmoid(x)
    # [end]


# [end]
# [component leaky_relu leaky_relu_gradient]
@assay.implements("leaky_relu")
def leaky_relu(x, slope):
    # [solution the leaky ReLU]
    return F.leaky_relu(x, slope)
    # [end]


# [end]
# [end]
# [section]
# --- softmax cross-entropy, averaged over the rows ------------------------------------------------

# [component softmax]
@assay.implements("softmax")
def softmax(logits):
    # [solution the softmax of each row]
    return torch.softmax(logits, dim=1)
    # [end]


# [end]
# [component cross_entropy cross_entropy_gradient]
@assay.implements("cross_entropy")
def cross_entropy(logits, labels):
    """Returns one number; autograd gives its gradient."""
    # [solution the mean of the negative log-likelihoods]
    return F.cross_entropy(logits, labels)
    # [end]


# [end]
# [end]
# [section]
# --- the network ----------------------------------------------------------------------------------

class BaseNetwork(nn.Module):
    """Linear layers with an activation ("identity", "tanh", "relu") after each but the last."""
    def __init__(self, sizes, activation="identity"):
        super().__init__()
        # [solution the layers of the network]
        self.layers = nn.ModuleList(nn.Linear(i, o) for i, o in zip(sizes, sizes[1:]))
        self.activation = {"identity": identity, "tanh": tanh, "relu": relu}[activation]
        # [end]

    def forward(self, x):
        # [solution the forward pass]
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)
        # [end]

    # [hidden]
    def load(self, weights, biases):
        with torch.no_grad():
            for layer, weight, bias in zip(self.layers, weights, biases):
                layer.weight.copy_(weight)
                layer.bias.copy_(bias)
    # [end]


# [component network_gradient]
@assay.implements("network_gradient")
def network_gradient(sizes, activation, weights, biases, x, labels):
    """Softmax cross-entropy of the last layer. Returns the loss, a list dweights and a list dbiases."""
    # [solution backpropagation]
    network = BaseNetwork(sizes, activation)
    network.load(weights, biases)
    loss = F.cross_entropy(network(x), labels)
    loss.backward()
    return loss, [layer.weight.grad for layer in network.layers], [layer.bias.grad for layer in network.layers]
    # [end]


# [end]
# [end]
# [section]
# --- initializers: they change the parameters of a model with layers.0, layers.2, ..., as in the tutorial 

# [component init_constant]
@assay.implements("init_constant")
def const_init(model, c=0.0):
    # [solution constant initialization]
    for name, param in model.named_parameters():
        param.data.fill_(c)
    # [end]


# [end]
# [component init_normal]
@assay.implements("init_normal")
def var_init(model, std=0.01):
    # [solution initialization with constant variance]
    for name, param in model.named_parameters():
        param.data.normal_(std=std)
    # [end]


# [end]
# [component init_fan_in]
@assay.implements("init_fan_in")
def equal_var_init(model):
    # [solution initialization with equal variance]
    for name, param in model.named_parameters():
        if name.endswith(".bias"):
            param.data.fill_(0)
        else:
            param.data.normal_(std=1.0 / math.sqrt(param.shape[1]))
    # [end]


# [end]
# [component init_xavier]
@assay.implements("init_xavier")
def xavier_init(model):
    # [solution Xavier initialization]
    for name, param in model.named_parameters():
        if name.endswith(".bias"):
            param.data.fill_(0)
        else:
            bound = math.sqrt(6) / math.sqrt(param.shape[0] + param.shape[1])
            param.data.uniform_(-bound, bound)
    # [end]


# [end]
# [component init_kaiming]
@assay.implements("init_kaiming")
def kaiming_init(model):
    # [solution Kaiming initialization]
    for name, param in model.named_parameters():
        if name.endswith(".bias"):
            param.data.fill_(0)
        elif name.startswith("layers.0"):  # no ReLU is applied to its input
            param.data.normal_(0, 1 / math.sqrt(param.shape[1]))
        else:
            param.data.normal_(0, math.sqrt(2) / math.sqrt(param.shape[1]))
    # [end]


# [end]
# [end]
# [section]
# --- optimizers -----------------------------------------------------------------------------------

class OptimizerTemplate:
    def __init__(self, params, lr):
        self.params = list(params)
        self.lr = lr

    def zero_grad(self):
        for p in self.params:
            if p.grad is not None:
                p.grad.detach_()
                p.grad.zero_()

    @torch.no_grad()
    def step(self):
        for p in self.params:
            if p.grad is not None:
                self.update_param(p)

    def update_param(self, p):
        raise NotImplementedError


# [component sgd]
@assay.implements("sgd")
class SGD(OptimizerTemplate):
    def update_param(self, p):
        # [solution stochastic gradient descent]
        p.add_(-self.lr * p.grad)
        # [end]


# [end]
# [component momentum]
@assay.implements("momentum")
class SGDMomentum(OptimizerTemplate):
    """The averaging form: m = b m + (1 - b) g."""
    def __init__(self, params, lr, momentum=0.0):
        super().__init__(params, lr)
        self.momentum = momentum
        # [hidden]
        self.param_momentum = {p: torch.zeros_like(p.data) for p in self.params}
        # [end]

    def update_param(self, p):
        # [solution gradient descent with momentum]
        self.param_momentum[p] = (1 - self.momentum) * p.grad + self.momentum * self.param_momentum[p]
        p.add_(-self.lr * self.param_momentum[p])
        # [end]


# [end]
# [component adam]
@assay.implements("adam")
class Adam(OptimizerTemplate):
    def __init__(self, params, lr, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(params, lr)
        self.beta1, self.beta2, self.eps = beta1, beta2, eps
        # [hidden]
        self.param_step = {p: 0 for p in self.params}
        self.param_momentum = {p: torch.zeros_like(p.data) for p in self.params}
        self.param_2nd_momentum = {p: torch.zeros_like(p.data) for p in self.params}
        # [end]

    def update_param(self, p):
        # [solution Adam]
        self.param_step[p] += 1
        self.param_momentum[p] = (1 - self.beta1) * p.grad + self.beta1 * self.param_momentum[p]
        self.param_2nd_momentum[p] = (1 - self.beta2) * p.grad ** 2 + self.beta2 * self.param_2nd_momentum[p]
        m_hat = self.param_momentum[p] / (1 - self.beta1 ** self.param_step[p])
        v_hat = self.param_2nd_momentum[p] / (1 - self.beta2 ** self.param_step[p])
        p.add_(-self.lr / (torch.sqrt(v_hat) + self.eps) * m_hat)
        # [end]


# [end]
# [component training]
@assay.implements("training")
def training(sizes, activation, weights, biases, x, labels, order, optimizer, learning_rate, beta1, beta2, epsilon):
    """order[step] lists the images of a step; the last batch may be smaller than the others.

    optimizer is "sgd", "momentum" (its b is beta1) or "adam".
    Returns the losses before each update, and the weights and biases at the end."""
    # [solution a training loop]
    network = BaseNetwork(sizes, activation)
    network.load(weights, biases)
    rule = {"sgd": lambda p: SGD(p, learning_rate), "momentum": lambda p: SGDMomentum(p, learning_rate, beta1),
            "adam": lambda p: Adam(p, learning_rate, beta1, beta2, epsilon)}[optimizer](network.parameters())
    losses = []
    for batch in order:
        rule.zero_grad()
        loss = F.cross_entropy(network(x[batch]), labels[batch])
        loss.backward()
        rule.step()
        losses.append(loss.item())
    return losses, [layer.weight for layer in network.layers], [layer.bias for layer in network.layers]
    # [end]


# [end]
# [end]
# [section]
# --- the loss surfaces; autograd gives their gradients --------------------------------------------

# [component pathological_curve]
@assay.implements("pathological_curve")
def pathological_curve_loss(w1, w2):
    """tanh(w1)^2 + 0.01 |w1| + sigmoid(w2)"""
    # [solution the pathological curve]
    return torch.tanh(w1) ** 2 + 0.01 * torch.abs(w1) + torch.sigmoid(w2)
    # [end]


# [end]
# [component steep_optima]
def bivar_gaussian(w1, w2, x_mean=0.0, y_mean=0.0, x_sig=0.2, y_sig=0.2):
    # [solution the density of the bivariate normal distribution]
    norm = 1 / (2 * math.pi * x_sig * y_sig)
    return norm * torch.exp(-(w1 - x_mean) ** 2 / (2 * x_sig ** 2) - (w2 - y_mean) ** 2 / (2 * y_sig ** 2))
    # [end]


@assay.implements("steep_optima")
def comb_func(w1, w2):
    """Minus three densities, sigma 0.2, around (1, -0.5), (-1, 0.5) and (-0.5, -0.8)."""
    # [solution the steep optima]
    return (-bivar_gaussian(w1, w2, 1, -0.5) - bivar_gaussian(w1, w2, -1, 0.5)
            - bivar_gaussian(w1, w2, -0.5, -0.8))
    # [end]


# [end]
# [end]
if __name__ == "__main__":
    assay.main()
