#!/bin/sh
# Notebooks and files in the styles of public forks and courses: all components are found, right ones have full marks,
# and wrong ones are named.
# evidence: golden: grade/form, grade/findings, grade/submission
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
need_sandbox
[ -x /usr/bin/python3 ] || skip "the sandbox shows no python3; apt-get install python3"

# wrong FILE ID...: each of these mistakes is named, and no other.
wrong() {
    file=$1
    shift
    graded 1 --seed 1 "$notebooks/$file"
    for id; do
        says out "[$id]"
    done
    for id in $(grep -o '>> .*\[[a-z_0-9]*\.[a-z_0-9]*\]' "$folder/out" | grep -v "or, with the same" |
        grep -o '\[[^]]*\]' | tr -d '[]' | sort -u); do
        case " $* " in
        *" $id "*) ;;
        *) cat "$folder/out"; fail "$file: $id is named" ;;
        esac
    done
}

# --- Python without libraries; @assay.implements
right plain_functions.py
says out "softmax cross-entropy: function xent, line 58"
says out "SGD with momentum: class Momentum, line 73"
says out "Kaiming initialization: function kaiming_init, line 101"

if python_has numpy; then
    # CS231n
    right cs231n_fully_connected.py
    says out "whole-network gradient: class FullyConnectedNet, line 131"
    says out "tanh network: not implemented, FullyConnectedNet has ReLU in its code"
    right cs231n_two_layers.ipynb
    says out "whole-network gradient: class TwoLayerNet, cell 3"
    wrong cs231n_two_layers_wrong.ipynb network_gradient.derivative_missing
    # UvA
    right uva_mlp.ipynb
    says out "whole-network gradient: class MLP, cell 3"
    wrong uva_mlp_wrong.ipynb linear_backward.dbias_averaged relu_gradient.one_at_zero softmax.max_missing \
        cross_entropy_gradient.not_averaged
    says out "follows from: the bias gradient is averaged over the batch"
    graded 1 --seed 1 "$notebooks/uva_folder"
    says out "whole-network gradient: class MLP, mlp_numpy.py, line 4"
    says out "[cross_entropy.probability_clipped]"
    # deeplearning.ai: examples are columns
    right columns_deep.ipynb
    says out "linear layer, backward: function linear_backward, cell 8 (examples are columns; dZ times the number of"
    says out "softmax cross-entropy: function compute_cost, cell 7"
    says out "whole-network gradient: function L_model_forward, cell 6 with L_model_backward"
    wrong columns_deep_wrong.ipynb linear_forward.bias_missing linear_backward.dweight_averaged \
        relu_gradient.one_at_zero cross_entropy.summed init_xavier.root_missing sgd.sign network_gradient.not_averaged
    right columns_init.ipynb --convention init_xavier.fan_in_only
    says out "constant initialization: function initialize_parameters_zeros, cell 2"
    says out "normal initialization, one standard deviation: function initialize_parameters_random, cell 3"
    # other books and blogs
    wrong numpy_layers_wrong.ipynb cross_entropy.probability_clipped_at_both_ends momentum.averaging_missing
    says out "softmax cross-entropy: class Loss_CategoricalCrossentropy, cell 2"
    wrong numpy_keys_wrong.ipynb cross_entropy.epsilon_in_logarithm adam.epsilon_before_correction \
        adam.epsilon_ignored
    says out "a small number is added before the logarithm (here: 1e-07)"
    says out "epsilon is fixed (here: 1e-07)"
    says out "softmax cross-entropy, gradient: class SoftmaxWithLoss, cell 3"
    says out "sigmoid, derivative: function sigmoid, cell 4"
    wrong numpy_objects_wrong.ipynb adam.t_counts_tensors
    right numpy_states.ipynb
    says out "linear layer, backward: function linear_backward, cell 2"
    right numpy_dictionary.ipynb
    says out "Adam: class AdamOptimizer, cell 3"
    # how cells are read
    right branches.ipynb
    says out "note: tanh is defined 2 times (cell 2 and cell 3): the last one counts"
    says out "leaky ReLU: function leaky_relu, cell 5"
    right magics.ipynb
    says out "sigmoid: function sigmoid, cell 5"
    says out "cell 7: lines 4-5 cannot be parsed and are left out: line 4: invalid syntax"
    right declared.ipynb
    says out "Adam: class Fancy, cell 2"
    says out "softmax                                        not implemented"
    # a template that is not filled in: only what is written counts
    graded 1 --seed 1 "$notebooks/template.ipynb"
    for title in "linear layer, backward" "ReLU    " "sigmoid    " "softmax cross-entropy    " "Adam    "; do
        grep -q "^  $title  *not implemented, not counted" "$folder/out" || { cat "$folder/out"; fail "$title"; }
    done
    says out "$(cases sgd) of $(cases sgd) cases"
fi

if python_has torch; then
    right fork_colab.ipynb
    says out "Adam: class Adam, cell 16"
    says out "a short training run: class BaseNetwork, cell 6 with SGD, SGDMomentum, Adam"
    says out "seed 1, double precision"
    right fork_renamed.ipynb
    says out "fan-in initialization (equal variance): function lecun_normal_init, cell 3"
    says out "whole-network gradient: class FeedForwardNet, cell 2"
    wrong fork_lightning_wrong.ipynb init_kaiming.gain_on_first_layer init_kaiming.fan_out sgd.sign \
        momentum.state_reset adam.epsilon_in_root
    right fork_partial.ipynb # what raises NotImplementedError is not counted
    says out "Adam                                           not implemented, not counted"
    wrong torch_factory_wrong.ipynb init_fan_in.std_as_bound init_xavier.gain_of_tanh
    says out "whole-network gradient: function build_network, cell 2"
    wrong torch_redefined_wrong.ipynb tanh_gradient.square_missing relu_gradient.one_at_zero
    graded 1 --seed 1 "$notebooks/torch_states_wrong.ipynb"
    says out "[softmax.max_missing]"
    says out "SGD with momentum: function sgd_momentum, cell 3 (compared with the learning rate times 1 - momentum)"
    says out "its beta1, beta2, epsilon are fixed: cases with other values are left out"
fi

# --- JavaScript modules, and a source without the interface's names
if [ -x /usr/bin/node ] || [ -x /usr/local/bin/node ]; then
    wrong module.mjs momentum.averaging_missing
    says out "ReLU, derivative: function reluDerivative, line 7"
    says out "Adam: class Adam, line 28"
    says out "the file stops (line 55): Error: ENOENT"
    wrong commonjs_wrong.js relu_gradient.one_at_zero adam.both_corrections_missing
    says out "not installed where submissions run: mathjs"
    says out "Kaiming initialization: function heInit, line 37"
    wrong classes_wrong.js sigmoid_gradient.one_minus_missing cross_entropy.log_underflow adam.epsilon_in_root
    says out "linear layer, backward: class Dense, line 10"
    echo 'function relu(x) { return Math.max(x, 0); }
for (;;) { }' >"$folder/endless.js"
    graded 0 "$folder/endless.js"
    says out "the file stops: Error: Script execution timed out after 4000ms; what is defined counts"
else
    left_out="$left_out node"
fi
if command -v cc >/dev/null; then
    graded 1 "$notebooks/unprefixed.c"
    says out "whose names begin with student_; it has relu, softmax, adam_step: rename them"
fi

[ -z "$left_out" ] ||
    skip "a part was left out, the sandbox has no$left_out; apt-get install python3-numpy python3-torch nodejs"
