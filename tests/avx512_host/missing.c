/* In place of test_panel_avx512 where SIMDe is missing. */
#include "../support.h"

int main(void)
{
    return support_skip("AVX-512's kernels are not emulated: this needs an x86-64 processor and SIMDe; "
                        "apt-get install libsimde-dev, and configure again");
}
