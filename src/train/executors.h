// The executors by stage kind.
#pragma once

#include "winnow/train/execute.h"

namespace winnow::train {

Execution execute_train(const Stage&, const Context&, comm::Collective&,
                        Observer&);  // also `detect`, by a trained method
Execution execute_program(const Stage&, const Context&, comm::Collective&, Observer&);    // both, by a program
Execution execute_selection(const Stage&, const Context&, comm::Collective&, Observer&);  // `detect`, from scores
Execution execute_narrow(const Stage&, const Context&, comm::Collective&, Observer&);     // candidate sets, by scores
Execution execute_score(const Stage&, const Context&, comm::Collective&, Observer&);
Execution execute_embed(const Stage&, const Context&, comm::Collective&, Observer&);          // features of images
Execution execute_text_features(const Stage&, const Context&, comm::Collective&, Observer&);  // `embed`, of texts
Execution execute_select(const Stage&, const Context&, comm::Collective&, Observer&);        // pseudo-labels, by scores
Execution execute_cross_filter(const Stage&, const Context&, comm::Collective&, Observer&);  // CoFT's exchange
Execution execute_ensemble(const Stage&, const Context&, comm::Collective&, Observer&);
Execution execute_evaluate(const Stage&, const Context&, comm::Collective&, Observer&);  // a fixed model
Execution execute_pretrain(const Stage&, const Context&, comm::Collective&, Observer&);

// The run file that the context names for an input. UsageError.
const Path& input_file(const Context&, const std::string& name);

// A trial's inputs may be of trials.
inline store::Accept accepted(const Context& context) {
  return context.trial ? store::Accept::trials_too : store::Accept::results;
}

}  // namespace winnow::train
