lib_libassay_la_SOURCES += \
	%D%/descents.c \
	%D%/experiment.c \
	%D%/numbers.c \
	%D%/session.c \
	%D%/theory.c \
	%D%/session_impl.h
nobase_assayinclude_HEADERS += \
	%D%/descents.h \
	%D%/numbers.h \
	%D%/session.h \
	%D%/theory.h
