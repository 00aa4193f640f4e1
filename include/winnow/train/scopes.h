// The parts of a training step by name, as user scopes of torch's record functions: profilers, benches and tests see
// them through at::addThreadLocalCallback. Unobserved they cost a look at a flag.
#pragma once

namespace winnow::train::scope {

inline constexpr const char* step = "winnow.step";      // one batch, all that follows lies in it
inline constexpr const char* pass = "winnow.pass";      // before_epoch or after_epoch of a method
inline constexpr const char* inputs = "winnow.inputs";  // images, views, mixtures, draws: all that is drawn by the host
inline constexpr const char* forward = "winnow.forward";      // a tower
inline constexpr const char* backward = "winnow.backward";    // of a tower
inline constexpr const char* module = "winnow.module";        // a head, a neck, ...
inline constexpr const char* loss = "winnow.loss-gradient";   // from a loss to modules and to the outputs of towers
inline constexpr const char* optimiser = "winnow.optimiser";  // the sum over a gang, the rule, copies that follow

}  // namespace winnow::train::scope
