from __future__ import absolute_import
from modules import *

class MLP(object):
    def __init__(self, n_inputs, n_hidden, n_classes):
        self.network = []
        dims = [n_inputs] + n_hidden + [n_classes]
        for i in range(len(dims) - 1):
            self.network.append(LinearModule(dims[i], dims[i + 1]))
            if i < len(dims) - 2:
                self.network.append(ReLUModule())
        self.network.append(SoftMaxModule())
    def forward(self, x):
        out = x
        for module in self.network:
            out = module.forward(out)
        return out
    def backward(self, dout):
        for module in reversed(self.network):
            dout = module.backward(dout)
        return
