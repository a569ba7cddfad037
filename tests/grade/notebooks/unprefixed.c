#include <math.h>
#include <stdlib.h>

double relu(double x) { return x > 0 ? x : 0; }
double relu_grad(double x) { return x > 0 ? 1 : 0; }
static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
void softmax(const double *z, double *p, int n)
{
    double s = 0;
    for (int i = 0; i < n; i++) s += p[i] = exp(z[i]);
    for (int i = 0; i < n; i++) p[i] /= s;
}
void adam_step(double *w, const double *g, double *m, double *v, int n, int t, double lr, double b1, double b2,
               double eps)
{
    for (int i = 0; i < n; i++) {
        m[i] = b1 * m[i] + (1 - b1) * g[i];
        v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
        w[i] -= lr * (m[i] / (1 - pow(b1, t))) / (sqrt(v[i] / (1 - pow(b2, t))) + eps);
    }
}
int main(void) { return 0; }
