lib_libassay_la_SOURCES += \
	%D%/config.c \
	%D%/model.c \
	%D%/pickle.c \
	%D%/record.c \
	%D%/safetensors.c \
	%D%/state.c \
	%D%/torch_state.c \
	%D%/torch_zip.c \
	%D%/upload.c
nobase_assayinclude_HEADERS += \
	%D%/config.h \
	%D%/model.h \
	%D%/pickle.h \
	%D%/record.h \
	%D%/safetensors.h \
	%D%/state.h \
	%D%/torch_state.h \
	%D%/torch_zip.h
