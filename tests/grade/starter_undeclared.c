/* The starter in single precision that says nothing of it. */
#define REAL float
#define student_precision undeclared_precision
#include <assay/student.h>
#include "submission.c"
