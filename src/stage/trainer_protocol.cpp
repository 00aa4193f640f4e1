#include "winnow/stage/trainer_protocol.h"

#include <fmt/format.h>

#include "winnow/core/error.h"

namespace winnow::protocol {

namespace {

constexpr Words<Event>::Entry kEventWords[] = {{Event::ready, "ready"},     {Event::progress, "progress"},
                                               {Event::resumed, "resumed"}, {Event::checkpoint, "checkpoint"},
                                               {Event::note, "note"},       {Event::done, "done"},
                                               {Event::failed, "failed"},   {Event::stopped, "stopped"}};
constexpr Words<Event> kEvents("event", kEventWords);

constexpr Words<Order>::Entry kOrderWords[] = {{Order::run, "run"}, {Order::stop, "stop"}, {Order::quit, "quit"}};
constexpr Words<Order> kOrders("command", kOrderWords);

}  // namespace

const Words<Event>& events() { return kEvents; }
const Words<Order>& orders() { return kOrders; }

Value event(Event event, const std::string& identity) {
  Value result = {{"event", kEvents.name(event)}};
  if (event != Event::ready) result["identity"] = identity;
  return result;
}

Value to_json(const Context& context) {
  Value result = {{"data", context.data},
                  {"inputs", context.inputs},
                  {"threads", context.threads},
                  {"width", context.width},
                  {"checkpoint_every", context.checkpoint_every},
                  {"keep_images", context.keep_images},
                  {"trial", context.trial}};
  if (context.keep_features > 0) result["keep_features"] = context.keep_features;
  if (context.loaders >= 0) result["loaders"] = context.loaders;
  if (context.out_of_memory > 0) result["out_of_memory"] = context.out_of_memory;
  if (context.device_images >= 0) result["device_images"] = context.device_images;
  return result;
}

Context context_from_json(const Value& json) {
  Context context;
  if (!json.is_object()) throw UsageError("context: expected an object");
  auto read = [&](const char* key, auto& field) {
    auto found = json.find(key);
    if (found == json.end()) return;
    try {
      found->get_to(field);
    } catch (const nlohmann::json::exception& error) {
      throw UsageError(fmt::format("context: {}: {}", key, error.what()));
    }
  };
  read("data", context.data);
  read("inputs", context.inputs);
  read("threads", context.threads);
  read("loaders", context.loaders);
  read("device_images", context.device_images);
  read("width", context.width);
  read("checkpoint_every", context.checkpoint_every);
  read("keep_images", context.keep_images);
  read("keep_features", context.keep_features);
  read("out_of_memory", context.out_of_memory);
  read("trial", context.trial);
  return context;
}

std::string line_of(const Run& run) {
  return fmt::format(
      R"({{"do":"run","identity":"{}","attempt":{},"stage":{},"context":{},"output":{},"checkpoint":{}}})",
      run.identity, run.attempt, run.stage, run.context, Value(run.output).dump(), Value(run.checkpoint).dump());
}

std::string line_of(Order order) { return fmt::format(R"({{"do":"{}"}})", kOrders.name(order)); }

}  // namespace winnow::protocol
