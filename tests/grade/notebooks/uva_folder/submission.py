"""Training of the MLP."""
import argparse
import numpy as np
from mlp_numpy import MLP
from modules import *
import cifar10_utils

FLAGS = None
DNN_HIDDEN_UNITS_DEFAULT = '100'
LEARNING_RATE_DEFAULT = 1e-3
parser = argparse.ArgumentParser()
parser.add_argument('--dnn_hidden_units', type=str, default=DNN_HIDDEN_UNITS_DEFAULT)

def accuracy(predictions, targets):
    return (predictions.argmax(1) == targets.argmax(1)).mean()

def main():
    train()

if __name__ == '__main__':
    FLAGS, unparsed = parser.parse_known_args()
    main()
