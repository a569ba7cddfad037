/*
 * exp and expm1 of numbers that are not positive, in a form that compilers vectorise: no branch, no table. Everything
 * else (tanh, sigmoid, ELU ...) is written with them so that nothing overflows. Errors are a few units in the last
 * place (tests/test_backend.c); NaN gives NaN.
 *
 * x = n ln 2 + r with |r| <= ln 2 / 2 (Cody and Waite 1980): n by adding and subtracting 1.5 2^p, whose last bits are
 * then n; e^r - 1 by a polynomial; 2^n by writing exponents.
 */
#ifndef ASSAY_BACKEND_OPENBLAS_REAL_MATH_H
#define ASSAY_BACKEND_OPENBLAS_REAL_MATH_H

#include "backend/openblas/real.h"

#if ASSAY_REAL_BITS == 32

#define LN2_HIGH 0.693359375f /* ten bits, so that n LN2_HIGH is exact */
#define LN2_LOW -2.12194440e-4f
#define ROUNDER 12582912.0f
#define ROUNDER_BITS 0x4b400000u
#define EXP_LEAST -104.0f  /* e^x is 0 from here on */
#define EXPM1_LEAST -30.0f /* e^x - 1 is -1 from here on */

/* (e^r - 1 - r) / r^2, Cephes' coefficients for single precision. */
ASSAY_INLINE real expm1_tail(real r)
{
    real p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    return p * r + 5.0000001201e-1f;
}

#else

#define LN2_HIGH 6.93147180369123816490e-01 /* 33 bits */
#define LN2_LOW 1.90821492927058770002e-10
#define ROUNDER 6755399441055744.0
#define ROUNDER_BITS 0x4338000000000000u
#define EXP_LEAST -746.0
#define EXPM1_LEAST -60.0

/* (e^r - 1 - r) / r^2 by its Taylor series; the first term left out is below 2e-17 of e^r - 1. */
ASSAY_INLINE real expm1_tail(real r)
{
    real p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    return p * r + 0.5;
}

#endif

/* 2^e from its exponent field, e + REAL_BIAS. */
ASSAY_INLINE real power_of_two(real_bits field)
{
    real_bits bits = field << REAL_MANTISSA_BITS;
    real power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* n (in two's complement), and e^r - 1 in *q. */
ASSAY_INLINE real_bits reduce(real x, real *q)
{
    real t = x * (real)1.44269504088896340736 + ROUNDER;
    real n = t - ROUNDER;
    real_bits bits;
    memcpy(&bits, &t, sizeof bits);
    real r = (x - n * LN2_HIGH) - n * LN2_LOW;
    *q = r + r * r * expm1_tail(r);
    return bits - ROUNDER_BITS;
}

/* e^x for x <= 0, denormal results included: 2^n is multiplied in as two factors, neither of which underflows. */
ASSAY_INLINE real exp_nonpositive(real x)
{
    real q;
    real_bits n = reduce(x < EXP_LEAST ? EXP_LEAST : x, &q);
    real_bits shifted = n + 2 * (REAL_BIAS + 1); /* not negative */
    real_bits half = shifted / 2;
    return (1 + q) * power_of_two(half - 1) * power_of_two(shifted - half - 1);
}

/* e^x - 1 for x <= 0, without cancellation near 0. */
ASSAY_INLINE real expm1_nonpositive(real x)
{
    real q;
    real_bits n = reduce(x < EXPM1_LEAST ? EXPM1_LEAST : x, &q);
    real s = power_of_two(n + REAL_BIAS);
    return s * q + (s - 1);
}

#endif
