lib_libassay_la_SOURCES += \
	%D%/figure.c \
	%D%/figure_parts.h \
	%D%/figure_script.c \
	%D%/figure_write.c \
	%D%/gnuplot.c \
	%D%/page.c \
	%D%/page_style.h
nobase_assayinclude_HEADERS += \
	%D%/figure.h \
	%D%/gnuplot.h \
	%D%/page.h
