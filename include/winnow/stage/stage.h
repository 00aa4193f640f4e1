// What a stage is: a kind, settings, inputs (outputs of earlier stages) and declared outputs; and its identity, the
// hash of its canonical form. docs/design.md#4.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "winnow/core/hash.h"
#include "winnow/core/settings.h"

namespace winnow {

using Identity = Hash128;

enum class StageKind { pretrain, embed, score, narrow, select, detect, train, cross_filter, ensemble, evaluate };
enum class Output { metrics, selection, scores, features, labels, predictions, weights };

std::string_view to_string(StageKind);         // "cross-filter"
StageKind parse_stage_kind(std::string_view);  // UsageError listing the legal words
std::string_view to_string(Output);
Output parse_output(std::string_view);

// An output of an earlier stage.
struct Input {
  Identity stage;
  Output output;
  bool operator==(const Input&) const = default;
};

// How the fingerprint of what is not on this machine begins: "open:cifar-10". No real one does: those are hex digits.
// Planning alone makes such stages, to count them; they can be neither executed nor stored nor looked up, because they
// have no identity.
inline constexpr std::string_view kOpen = "open:";

struct Stage {
  StageKind kind = StageKind::train;
  int version = 1;                                  // result version of the code that computes it: result_version.h
  std::map<std::string, int> shared;                // that of each part of the shared code that it uses: shared_code.h
  Settings settings;                                // all that the computation reads, declared defaults included
  std::set<std::string> defaulted;                  // keys whose value equals the declared default: not in the identity
  std::map<std::string, Input> inputs;              // by the name that the executor uses: "backbone", "selection"
  std::map<std::string, std::string> fingerprints;  // "data", "weights" -> hex digest of content
  std::set<Output> outputs{Output::metrics};

  // The canonical form (canonical_form.h): JSON without white space, sorted keys, shortest round-trip floats, reals
  // always with a point or exponent, without defaulted keys. Between settings and version stands
  // "shared":{"family.vit":2} where parts of the shared code have versions above 1; those at 1 are left out.
  std::string canonical() const;
  // Is its identity still unknown, because the content of its data or weights, or of an earlier stage's, is (kOpen)?
  bool open() const;
  Identity identity() const;  // InternalError where it is open
};

// A whole stage as JSON, defaults included: what agents send to trainers and `winnow-train stage FILE` reads. from_json
// throws UsageError naming the faulty field; with an "identity" that does not match it refuses, and so it does an open
// stage, whose identity to_json leaves null.
Value to_json(const Stage&);
Stage stage_from_json(const Value&);

}  // namespace winnow
