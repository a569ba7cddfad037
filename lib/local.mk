# libassay: each folder's sources, then the headers that are installed as <assay/...>.
assay_sources = \
	%D%/base/alloc.c \
	%D%/base/byte_order.c \
	%D%/base/byte_order.h \
	%D%/base/error.c \
	%D%/base/file.c \
	%D%/base/json.c \
	%D%/base/json.h \
	%D%/base/order.h \
	%D%/base/marker.h \
	%D%/base/names.c \
	%D%/base/text.c \
	%D%/random/generator.c \
	%D%/random/mt19937.c \
	%D%/random/mt19937_fill.c \
	%D%/random/philox.c \
	%D%/random/philox_fill.c \
	%D%/random/standard.c \
	%D%/random/standard.h \
	%D%/data/byte_stream.c \
	%D%/data/byte_stream.h \
	%D%/data/csv.c \
	%D%/data/dataset.c \
	%D%/data/files.c \
	%D%/data/files.h \
	%D%/data/foreign.c \
	%D%/data/foreign.h \
	%D%/data/idx.c \
	%D%/data/scaling.c \
	%D%/data/split.c \
	%D%/stats/goodness_of_fit.c \
	%D%/stats/histogram.c \
	%D%/stats/inference.c \
	%D%/stats/kernel_density.c \
	%D%/stats/moments.c \
	%D%/stats/moments_impl.h \
	%D%/stats/range.c \
	%D%/stats/range.h \
	%D%/stats/spectrum.c \
	%D%/check/gradient.c \
	%D%/check/ladder.c \
	%D%/check/ladder.h \
	%D%/check/tolerance.c \
	%D%/backend/activation.c \
	%D%/backend/backend.c \
	%D%/backend/implementation.h \
	%D%/backend/memory.c \
	%D%/backend/open.c \
	%D%/backend/openblas/clones.h \
	%D%/backend/openblas/core.c \
	%D%/backend/openblas/f32.c \
	%D%/backend/openblas/f64.c \
	%D%/backend/openblas/openblas.c \
	%D%/backend/openblas/openblas.h \
	%D%/backend/openblas/panel.c \
	%D%/backend/openblas/panel.h \
	%D%/backend/openblas/panel_avx2.c \
	%D%/backend/openblas/panel_avx512.c \
	%D%/backend/openblas/panel_kernels.h \
	%D%/backend/openblas/panel_neon.c \
	%D%/backend/openblas/panel_template.h \
	%D%/backend/openblas/pool.c \
	%D%/backend/openblas/pool.h \
	%D%/backend/openblas/processor.c \
	%D%/backend/openblas/processor.h \
	%D%/backend/openblas/real.h \
	%D%/backend/openblas/real_activation.h \
	%D%/backend/openblas/real_layers.h \
	%D%/backend/openblas/real_loss.h \
	%D%/backend/openblas/real_math.h \
	%D%/backend/openblas/real_memory.h \
	%D%/backend/openblas/real_operations.h \
	%D%/backend/openblas/real_update.h \
	%D%/backend/operations.c \
	%D%/backend/reference/activations.c \
	%D%/backend/reference/backend.c \
	%D%/backend/reference/layers.c \
	%D%/backend/reference/loss.c \
	%D%/backend/reference/reference.h \
	%D%/backend/reference/update.c \
	%D%/backend/update_coefficients.h \
	%D%/backend/update_descriptor.h \
	%D%/backend/update_rule.c \
	%D%/backend/validate.c \
	%D%/backend/validate.h \
	%D%/nn/curvature.c \
	%D%/nn/network.c \
	%D%/nn/network_impl.h \
	%D%/nn/tensors.c \
	%D%/init/gain.c \
	%D%/init/initializer.c \
	%D%/optim/optimizer.c \
	%D%/optim/optimizers.c \
	%D%/optim/settings.c \
	%D%/surface/descent.c \
	%D%/surface/f32.c \
	%D%/surface/f64.c \
	%D%/surface/surface.c \
	%D%/model/config.c \
	%D%/model/foreign.c \
	%D%/model/layers.c \
	%D%/model/model.c \
	%D%/model/pickle.c \
	%D%/model/pickle_globals.c \
	%D%/model/pickle_impl.h \
	%D%/model/pickle_tree.c \
	%D%/model/safetensors.c \
	%D%/model/source.c \
	%D%/model/source.h \
	%D%/model/state.c \
	%D%/model/torch_legacy.c \
	%D%/model/torch_state.c \
	%D%/model/torch_write.c \
	%D%/model/torch_zip.c \
	%D%/model/upload.c \
	%D%/train/batches.c \
	%D%/train/checkpoint.c \
	%D%/train/likeness.c \
	%D%/train/trainer.c \
	%D%/train/trainer_impl.h \
	%D%/study/line.c \
	%D%/study/line.h \
	%D%/study/measure.c \
	%D%/study/measure.h \
	%D%/study/plan.c \
	%D%/study/plan_impl.h \
	%D%/study/probe.c \
	%D%/study/probe.h \
	%D%/study/record.c \
	%D%/study/run.c \
	%D%/study/settings.c \
	%D%/study/settings.h \
	%D%/study/store.c \
	%D%/study/store_impl.h \
	%D%/study/summary.c \
	%D%/tutorial/chain.c \
	%D%/tutorial/claims.c \
	%D%/tutorial/claims_build.c \
	%D%/tutorial/claims_constant.c \
	%D%/tutorial/claims_data.c \
	%D%/tutorial/claims_decide.c \
	%D%/tutorial/claims_descent.c \
	%D%/tutorial/claims_impl.h \
	%D%/tutorial/claims_kaiming.c \
	%D%/tutorial/claims_layers.c \
	%D%/tutorial/claims_layers.h \
	%D%/tutorial/claims_nonlinear.c \
	%D%/tutorial/claims_optimizer.c \
	%D%/tutorial/claims_record.c \
	%D%/tutorial/claims_study.c \
	%D%/tutorial/claims_study.h \
	%D%/tutorial/claims_training.c \
	%D%/tutorial/claims_variance.c \
	%D%/tutorial/claims_xavier.c \
	%D%/tutorial/defaults.c \
	%D%/tutorial/depth.c \
	%D%/tutorial/descents.c \
	%D%/tutorial/experiment.c \
	%D%/tutorial/figure_parts.h \
	%D%/tutorial/figures.c \
	%D%/tutorial/figures_depth.c \
	%D%/tutorial/figures_run.c \
	%D%/tutorial/figures_surface.c \
	%D%/tutorial/numbers.c \
	%D%/tutorial/record.c \
	%D%/tutorial/results.c \
	%D%/tutorial/results_impl.h \
	%D%/tutorial/retrace.c \
	%D%/tutorial/runs.c \
	%D%/tutorial/sections.c \
	%D%/tutorial/session.c \
	%D%/tutorial/theory.c \
	%D%/report/figure.c \
	%D%/report/figure_parts.h \
	%D%/report/figure_script.c \
	%D%/report/figure_write.c \
	%D%/report/gnuplot.c \
	%D%/report/html.c \
	%D%/report/html.h \
	%D%/report/page.c \
	%D%/report/page_style.h
public_headers = \
	%D%/assay.h \
	%D%/base/alloc.h \
	%D%/base/declarations.h \
	%D%/base/error.h \
	%D%/base/file.h \
	%D%/base/names.h \
	%D%/base/text.h \
	%D%/random/generator.h \
	%D%/random/mt19937.h \
	%D%/random/philox.h \
	%D%/data/csv.h \
	%D%/data/dataset.h \
	%D%/data/idx.h \
	%D%/data/scaling.h \
	%D%/data/split.h \
	%D%/stats/goodness_of_fit.h \
	%D%/stats/histogram.h \
	%D%/stats/inference.h \
	%D%/stats/moments.h \
	%D%/stats/spectrum.h \
	%D%/check/gradient.h \
	%D%/check/tolerance.h \
	%D%/backend/activation.h \
	%D%/backend/backend.h \
	%D%/backend/openblas/core.h \
	%D%/backend/update_rule.h \
	%D%/nn/curvature.h \
	%D%/nn/network.h \
	%D%/init/initializer.h \
	%D%/optim/optimizer.h \
	%D%/surface/descent.h \
	%D%/surface/surface.h \
	%D%/study/plan.h \
	%D%/study/record.h \
	%D%/study/run.h \
	%D%/study/store.h \
	%D%/study/summary.h \
	%D%/model/config.h \
	%D%/model/layers.h \
	%D%/model/model.h \
	%D%/model/pickle.h \
	%D%/model/safetensors.h \
	%D%/model/state.h \
	%D%/model/torch_state.h \
	%D%/model/torch_zip.h \
	%D%/train/batches.h \
	%D%/train/likeness.h \
	%D%/train/trainer.h \
	%D%/tutorial/chain.h \
	%D%/tutorial/claims.h \
	%D%/tutorial/defaults.h \
	%D%/tutorial/depth.h \
	%D%/tutorial/descents.h \
	%D%/tutorial/experiment.h \
	%D%/tutorial/figures.h \
	%D%/tutorial/numbers.h \
	%D%/tutorial/record.h \
	%D%/tutorial/results.h \
	%D%/tutorial/retrace.h \
	%D%/tutorial/runs.h \
	%D%/tutorial/sections.h \
	%D%/tutorial/session.h \
	%D%/tutorial/theory.h \
	%D%/report/figure.h \
	%D%/report/gnuplot.h \
	%D%/report/page.h

# Compiled once, linked twice: libassay exports what its public headers declare, tests/libassay_internal.la everything.
noinst_LTLIBRARIES += lib/libassay_all.la
lib_libassay_all_la_SOURCES = $(assay_sources) $(public_headers)
# No test replaces a function that is called in the same source file, so the compiler may inline it.
lib_libassay_all_la_CFLAGS = $(AM_CFLAGS) $(OPTIMIZE) -fno-semantic-interposition
lib_LTLIBRARIES = lib/libassay.la
lib_libassay_la_SOURCES =
lib_libassay_la_LIBADD = lib/libassay_all.la $(assay_objects) $(assay_libs)
lib_libassay_la_LDFLAGS = $(AM_LDFLAGS) -version-info 1:0:0 -no-undefined -export-symbols lib/libassay.sym
EXTRA_lib_libassay_la_DEPENDENCIES = lib/libassay.sym
lib/libassay.sym: $(public_headers) lib/declared.awk
	$(AM_V_GEN)$(MKDIR_P) lib && echo '#include <assay/assay.h>' | \
	  $(CC) $(AM_CPPFLAGS) $(CPPFLAGS) -std=gnu17 -E -x c - > $@-i && \
	  $(AWK) -f $(srcdir)/lib/declared.awk $@-i | LC_ALL=C sort -u > $@-t && rm $@-i && mv $@-t $@
CLEANFILES += lib/libassay.sym
EXTRA_DIST += lib/declared.awk
assay_objects =
assay_libs = $(OPENBLAS_LIBS) $(ZLIB_LIBS) $(JANSSON_LIBS) $(LIBZIP_LIBS) -lpthread

assayincludedir = $(includedir)/assay
nobase_assayinclude_HEADERS = $(public_headers)
pkgconfigdir = $(libdir)/pkgconfig
nodist_pkgconfig_DATA = lib/assay.pc

# automake keeps the folder lib/ in the installed names: without this step, headers are <assay/lib/nn/network.h>.
install-data-hook:
	cd "$(DESTDIR)$(assayincludedir)" && cp -R lib/. . && rm -r lib
uninstall-hook:
	for header in $(public_headers); do \
	  rm -f "$(DESTDIR)$(assayincludedir)/$${header#lib/}"; \
	done
include %D%/backend/cuda/local.mk
