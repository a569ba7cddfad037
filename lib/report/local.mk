lib_libassay_la_SOURCES += \
	%D%/figure.c \
	%D%/figure_parts.h \
	%D%/figure_script.c \
	%D%/figure_write.c \
	%D%/gnuplot.c
nobase_assayinclude_HEADERS += \
	%D%/figure.h \
	%D%/gnuplot.h
