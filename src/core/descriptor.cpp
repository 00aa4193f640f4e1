#include "winnow/core/descriptor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "winnow/core/error.h"

namespace winnow {

void Descriptor::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

int open_existing(const char* path, int flags) {
  constexpr int kTries = 5;  // the kernel tries twice each time
  int fd = -1;
  for (int tried = 0; tried < kTries && fd < 0 && (tried == 0 || errno == ESTALE || errno == EINTR); ++tried)
    fd = ::open(path, flags | O_CLOEXEC);
  return fd;
}

int check_call(int result, const char* what) {
  if (result < 0) throw DeviceError(fmt::format("cannot {}: {}", what, std::strerror(errno)));
  return result;
}

DescriptorPair make_pipe() {
  int fds[2];
  check_call(::pipe2(fds, O_CLOEXEC), "make a pipe");
  return {Descriptor(fds[0]), Descriptor(fds[1])};
}

DescriptorPair make_socket_pair() {
  int fds[2];
  check_call(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), "make a socket pair");
  return {Descriptor(fds[0]), Descriptor(fds[1])};
}

void make_nonblocking(int fd) {
  check_call(::fcntl(fd, F_SETFL, check_call(::fcntl(fd, F_GETFL), "read a pipe's flags") | O_NONBLOCK),
             "set a pipe's flags");
}

bool read_available(int fd, std::string& to, std::size_t limit) {
  char buffer[1 << 16];
  while (limit > 0) {
    ssize_t n = ::read(fd, buffer, std::min(limit, sizeof buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return true;
    if (n <= 0) return false;  // also an error: nothing more can come
    to.append(buffer, static_cast<std::size_t>(n));
    if (static_cast<std::size_t>(n) < std::min(limit, sizeof buffer)) return true;
    limit -= static_cast<std::size_t>(n);
  }
  return true;
}

bool write_available(int fd, std::string& bytes) {
  std::size_t written = 0;
  bool alive = true;
  while (written < bytes.size()) {
    ssize_t n = ::write(fd, bytes.data() + written, bytes.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      alive = errno == EAGAIN;
      break;
    }
    written += static_cast<std::size_t>(n);
  }
  bytes.erase(0, written);
  return alive;
}

}  // namespace winnow
