"""Modules of the network."""
import numpy as np

class LinearModule(object):
    def __init__(self, in_features, out_features):
        self.params = {'weight': 0.0001 * np.random.randn(out_features, in_features),
                       'bias': np.zeros((out_features, 1))}
        self.grads = {'weight': np.zeros((out_features, in_features)), 'bias': np.zeros((out_features, 1))}
    def forward(self, x):
        self.x = x
        return x @ self.params['weight'].T + self.params['bias'].T
    def backward(self, dout):
        self.grads['weight'] = dout.T @ self.x
        self.grads['bias'] = dout.sum(axis=0)[:, None]
        return dout @ self.params['weight']

class ReLUModule(object):
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask
    def backward(self, dout):
        return dout * self.mask

class SoftMaxModule(object):
    def forward(self, x):
        z = np.exp(x - x.max(axis=1, keepdims=True))
        self.y = z / z.sum(axis=1, keepdims=True)
        return self.y
    def backward(self, dout):
        n, c = dout.shape
        jac = np.einsum('ni,ij->nij', self.y, np.eye(c)) - np.einsum('ni,nj->nij', self.y, self.y)
        return np.einsum('nij,nj->ni', jac, dout)

class CrossEntropyModule(object):
    def forward(self, x, y):
        # y one-hot
        return np.mean(-np.sum(y * np.log(np.clip(x, 1e-300, None)), axis=1))
    def backward(self, x, y):
        return -(y / x) / x.shape[0]
