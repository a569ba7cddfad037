/* Everything public in libassay. Programs that want less include the headers that they use. */
#ifndef ASSAY_H
#define ASSAY_H

#include <assay/base/alloc.h>
#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/base/file.h>
#include <assay/base/names.h>
#include <assay/base/text.h>

#include <assay/random/generator.h>
#include <assay/random/mt19937.h>
#include <assay/random/philox.h>

#include <assay/data/csv.h>
#include <assay/data/dataset.h>
#include <assay/data/idx.h>
#include <assay/data/scaling.h>
#include <assay/data/split.h>

#include <assay/stats/goodness_of_fit.h>
#include <assay/stats/histogram.h>
#include <assay/stats/inference.h>
#include <assay/stats/moments.h>
#include <assay/stats/spectrum.h>

#include <assay/check/gradient.h>
#include <assay/check/tolerance.h>

#include <assay/backend/activation.h>
#include <assay/backend/backend.h>
#include <assay/backend/openblas/core.h>
#include <assay/backend/update_rule.h>

#include <assay/nn/curvature.h>
#include <assay/nn/network.h>

#include <assay/init/initializer.h>

#include <assay/optim/optimizer.h>

#include <assay/surface/descent.h>
#include <assay/surface/surface.h>

#include <assay/model/config.h>
#include <assay/model/layers.h>
#include <assay/model/model.h>
#include <assay/model/pickle.h>
#include <assay/model/safetensors.h>
#include <assay/model/state.h>
#include <assay/model/torch_state.h>
#include <assay/model/torch_zip.h>

#include <assay/train/batches.h>
#include <assay/train/likeness.h>
#include <assay/train/trainer.h>

#include <assay/study/plan.h>
#include <assay/study/record.h>
#include <assay/study/run.h>
#include <assay/study/store.h>
#include <assay/study/summary.h>

#include <assay/tutorial/chain.h>
#include <assay/tutorial/claims.h>
#include <assay/tutorial/defaults.h>
#include <assay/tutorial/depth.h>
#include <assay/tutorial/descents.h>
#include <assay/tutorial/experiment.h>
#include <assay/tutorial/figures.h>
#include <assay/tutorial/numbers.h>
#include <assay/tutorial/record.h>
#include <assay/tutorial/results.h>
#include <assay/tutorial/retrace.h>
#include <assay/tutorial/runs.h>
#include <assay/tutorial/sections.h>
#include <assay/tutorial/session.h>
#include <assay/tutorial/theory.h>

#include <assay/report/figure.h>
#include <assay/report/gnuplot.h>
#include <assay/report/page.h>

#endif
