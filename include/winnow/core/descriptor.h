// File descriptors: owners, and the one place where the system calls on them are checked.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace winnow {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void close();
  int release() { return std::exchange(fd_, -1); }  // to the caller

 private:
  int fd_ = -1;
};

// open(2) of what is there, close-on-exec; -1 and errno. Where a network file system says ESTALE (another node has
// replaced the file since its name was looked up), the name is looked up again.
int open_existing(const char* path, int flags);

// Throws DeviceError("cannot WHAT: reason") for a negative result.
int check_call(int result, const char* what);

struct DescriptorPair {
  Descriptor first, second;
};
DescriptorPair make_pipe();  // read end, write end; close-on-exec
DescriptorPair make_socket_pair();
void make_nonblocking(int fd);

// Appends what there is, at most `limit` bytes. False at the end of the stream.
bool read_available(int fd, std::string& to, std::size_t limit);

// Writes what fits and removes it from `bytes`. False when the other side is gone.
bool write_available(int fd, std::string& bytes);

}  // namespace winnow
