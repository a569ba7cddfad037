#include "grade.h"
#include "tool.h"
int grade_record(const grade_options *options)
{
    (void)options;
    return TOOL_USAGE;
}
