lib_libassay_la_SOURCES += \
	%D%/network.c \
	%D%/tensors.c \
	%D%/network_impl.h
nobase_assayinclude_HEADERS += \
	%D%/network.h
