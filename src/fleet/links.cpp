#include "links.h"

#include <sys/wait.h>

#include "winnow/core/error.h"

namespace winnow::fleet {

namespace {

// False when there is no further one, or what comes is none: then `fault` says why.
bool next_of(MessageReader& heard, Message& message, std::string& fault) {
  try {
    return heard.next(message);
  } catch (const InternalError& error) {
    fault = error.what();
    return false;
  }
}

}  // namespace

Links::Links(const World& world, std::unique_ptr<MpiWorld>& mpi) : world_(world), mpi_(mpi) {
  for (int rank = 1; rank < world.size; ++rank) links_[static_cast<sched::AgentId>(rank)];
}

sched::AgentId Links::add_local(AgentProcess process) {
  sched::AgentId id = next_local_;
  next_local_ = next_local_ == 0 ? static_cast<sched::AgentId>(world_.size) : next_local_ + 1;
  links_[id];
  locals_[id] = std::move(process);
  return id;
}

std::vector<sched::AgentId> Links::agents() const {
  std::vector<sched::AgentId> result;
  for (const auto& [id, link] : links_)
    if (link.open) result.push_back(id);
  return result;
}

void Links::send(sched::AgentId agent, const Message& message) {
  Link& link = links_.at(agent);
  if (link.open) message.append_to(link.to_send);
}

void Links::flush() {
  for (auto& [id, link] : links_) {
    if (link.to_send.empty()) continue;
    if (auto local = locals_.find(id); local != locals_.end())
      write_available(local->second.connection.get(), link.to_send);  // an end is found when reading
    else mpi_->send(static_cast<int>(id), std::exchange(link.to_send, {}));
  }
}

void Links::on_message(sched::AgentId agent, std::string_view bytes,
                       const std::function<void(sched::AgentId, const Message&)>& take) {
  auto found = links_.find(agent);
  if (found == links_.end()) return;
  Link& link = found->second;
  if (link.deaf) return;
  link.heard.add(bytes);
  Message message;
  std::string fault;
  while (!link.deaf && next_of(link.heard, message, fault)) {  // also from one that was given up: a late result counts
    if (message.kind == Message::Kind::left) link.open = false;
    take(agent, message);
  }
  if (fault.empty()) return;
  refuse(agent);
  take(agent, {.kind = Message::Kind::left, .text = std::move(fault)});
}

bool Links::receive(const std::function<void(sched::AgentId, const Message&)>& take) {
  bool any = mpi_ && mpi_->receive([&](int rank, std::string_view bytes) {
    on_message(static_cast<sched::AgentId>(rank), bytes, take);
  });
  for (auto& [id, local] : locals_) {
    if (!links_.at(id).open) continue;
    std::string bytes;
    bool alive = read_available(local.connection.get(), bytes, 1 << 20);
    any = any || !bytes.empty() || !alive;
    if (!bytes.empty()) on_message(id, bytes, take);
    if (alive) continue;
    ::waitpid(local.pid, nullptr, 0);
    std::string farewell;
    Message{.kind = Message::Kind::left}.append_to(farewell);
    on_message(id, farewell, take);
  }
  return any;
}

void Links::drop(sched::AgentId agent) {
  Link& link = links_.at(agent);
  link.open = false;
  link.to_send.clear();
  lost_rank_ = lost_rank_ || !locals_.count(agent);
}

void Links::refuse(sched::AgentId agent) {
  drop(agent);
  Link& link = links_.at(agent);
  link.deaf = true;
  link.heard = {};
}

void Links::wait(int extra, bool busy) {
  if (busy) backoff_.busy();
  std::vector<pollfd> fds{{extra, POLLIN, 0}};
  for (const auto& [id, local] : locals_) {
    const Link& link = links_.at(id);
    if (link.open)
      fds.push_back({local.connection.get(), static_cast<short>(POLLIN | (link.to_send.empty() ? 0 : POLLOUT)), 0});
  }
  if (mpi_) return backoff_.wait(fds);
  ::poll(fds.data(), fds.size(), 20);  // nothing to poll for: the kernel wakes us
}

}  // namespace winnow::fleet
