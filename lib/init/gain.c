#include <assay/init/initializer.h>

double assay_gain(assay_activation activation)
{
    return assay_activation_describe(activation.kind)->gain(activation.parameter);
}
