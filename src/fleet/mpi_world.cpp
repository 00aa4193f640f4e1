#include "mpi_world.h"

#include <fmt/format.h>
// Open MPI's C++ classes are not linked, and mold wants every symbol that their vtables name.
#define OMPI_SKIP_MPICXX 1

#define OMPI_SKIP_MPICXX 1  // the C interface alone, without the C++ bindings' library
#include <mpi.h>

#include <algorithm>
#include <cstdlib>

#include "winnow/core/error.h"

namespace winnow::fleet {

namespace {

enum Tag { kBytes = 1, kDismissal = 2 };

// The only place where a return code of MPI is looked at.
void check(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw DeviceError(fmt::format("MPI's {} failed: {}", call, text));
}

int number_from(const char* variable) {
  const char* text = std::getenv(variable);
  return text ? std::atoi(text) : -1;
}

}  // namespace

World World::from_environment() {
  int rank = number_from("OMPI_COMM_WORLD_RANK"), size = number_from("OMPI_COMM_WORLD_SIZE");
  if (rank < 0) rank = number_from("PMIX_RANK"), size = number_from("SLURM_NTASKS");
  if (rank < 0 || size < 1) return {};
  return {rank, size, true};
}

struct MpiWorld::Transfer {
  std::string bytes;
  MPI_Request request = MPI_REQUEST_NULL;
  int rank = 0, tag = 0;

  bool complete() {
    int flag = 0;
    check(MPI_Test(&request, &flag, MPI_STATUS_IGNORE), "Test");
    return flag != 0;
  }
};

MpiWorld::MpiWorld(const World& world) {
  int level = 0, size = 0;
  check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &level), "Init_thread");
  check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "Comm_set_errhandler");
  check(MPI_Comm_size(MPI_COMM_WORLD, &size), "Comm_size");
  if (size != world.size) throw DeviceError(fmt::format("MPI has {} ranks, its launcher says {}", size, world.size));
}

MpiWorld::~MpiWorld() = default;

void MpiWorld::start(int rank, int tag, std::string bytes) {
  auto transfer = std::make_unique<Transfer>();
  transfer->bytes = std::move(bytes);
  check(MPI_Isend(transfer->bytes.data(), static_cast<int>(transfer->bytes.size()), MPI_BYTE, rank, tag, MPI_COMM_WORLD,
                  &transfer->request),
        "Isend");
  sends_.push_back(std::move(transfer));
}

void MpiWorld::send(int rank, std::string bytes) { start(rank, kBytes, std::move(bytes)); }
void MpiWorld::dismiss(int rank) { start(rank, kDismissal, "."); }

void MpiWorld::forget_sent() {
  std::erase_if(sends_, [](const auto& transfer) { return transfer->complete(); });
}

// A matched receive is started and then asked for, never waited for: the sender may die in the middle of a long
// message. Messages of one rank are handed over in order because a later one waits behind an unfinished earlier one.
bool MpiWorld::receive(const std::function<void(int, std::string_view)>& take) {
  if (!sends_.empty()) forget_sent();
  for (;;) {
    int flag = 0;
    MPI_Message message;
    MPI_Status status;
    check(MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &flag, &message, &status), "Improbe");
    if (!flag) break;
    int size = 0;
    check(MPI_Get_count(&status, MPI_BYTE, &size), "Get_count");
    auto transfer = std::make_unique<Transfer>();
    transfer->bytes.resize(static_cast<std::size_t>(size));
    transfer->rank = status.MPI_SOURCE;
    transfer->tag = status.MPI_TAG;
    check(MPI_Imrecv(transfer->bytes.data(), size, MPI_BYTE, &message, &transfer->request), "Imrecv");
    receives_.push_back(std::move(transfer));
  }
  bool any = false;
  std::list<int> waiting;  // ranks with an unfinished message
  for (auto next = receives_.begin(); next != receives_.end();) {
    Transfer& transfer = **next;
    bool behind = std::find(waiting.begin(), waiting.end(), transfer.rank) != waiting.end();
    if (behind || !transfer.complete()) {
      waiting.push_back(transfer.rank);
      ++next;
      continue;
    }
    any = true;
    if (transfer.tag == kDismissal) dismissed_ = true;
    else take(transfer.rank, transfer.bytes);
    next = receives_.erase(next);
  }
  return any;
}

void MpiWorld::finalize() { check(MPI_Finalize(), "Finalize"); }

void MpiWorld::abort(int code) {
  MPI_Abort(MPI_COMM_WORLD, code);
  std::_Exit(code);
}

}  // namespace winnow::fleet
