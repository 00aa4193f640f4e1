// A folder as a client of a network file system sees it: mounted twice, it is two nodes' view of one store.
//   network-disk FOLDER MOUNTPOINT STALE LOSE      until it is unmounted
// - Names, the absence of names and listings are remembered for STALE seconds: another client's work is seen late.
// - Of every LOSE calls that change names one is done and its reply lost: the kernel's client sends it again and is
// told
//   what it finds then, EEXIST or ENOENT (docs/runner.md 4). 0: none is lost.
// - Of every LOSE calls that open an existing file, one says ESTALE, also when the kernel tries again.
// - No locks (ENOLCK), no renaming without replacing (EINVAL).
// - A file that is removed while it is open stays under a hidden name, so its folder is not empty (as .nfs files).
#define FUSE_USE_VERSION 35
#include <dirent.h>
#include <fcntl.h>
#include <fuse.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace {

struct Listing {
  std::vector<std::string> names;
  std::chrono::steady_clock::time_point when;
};

std::string folder;
double stale = 0;
unsigned lose = 0;
unsigned changes = 0, opens = 0;
std::map<std::string, Listing> listings;

std::string real(const char* path) { return folder + path; }
int outcome(int code) { return code < 0 ? -errno : 0; }

// What this client changes itself it sees at once.
void forget_listing_of(const char* path) {
  std::string name(path);
  name.erase(name.rfind('/'));
  listings.erase(name.empty() ? "/" : name);
}

int changed(const char* path, int code, int lost_reply) {
  if (code < 0) return -errno;
  forget_listing_of(path);
  return lose > 0 && ++changes % lose == 0 ? -lost_reply : 0;
}

int getattr(const char* path, struct stat* info, fuse_file_info* file) {
  return outcome(file ? ::fstat(static_cast<int>(file->fh), info) : ::lstat(real(path).c_str(), info));
}

int readlink(const char* path, char* target, std::size_t size) {
  ssize_t length = ::readlink(real(path).c_str(), target, size - 1);
  if (length < 0) return -errno;
  target[length] = '\0';
  return 0;
}

int mkdir(const char* path, mode_t mode) { return changed(path, ::mkdir(real(path).c_str(), mode), EEXIST); }
int unlink(const char* path) { return changed(path, ::unlink(real(path).c_str()), ENOENT); }
int rmdir(const char* path) { return changed(path, ::rmdir(real(path).c_str()), ENOENT); }
int symlink(const char* to, const char* path) { return changed(path, ::symlink(to, real(path).c_str()), EEXIST); }
int link(const char* from, const char* to) { return changed(to, ::link(real(from).c_str(), real(to).c_str()), EEXIST); }

int rename(const char* from, const char* to, unsigned flags) {
  if (flags != 0) return -EINVAL;
  forget_listing_of(from);
  return changed(to, ::rename(real(from).c_str(), real(to).c_str()), ENOENT);
}

int chmod(const char* path, mode_t mode, fuse_file_info*) { return outcome(::chmod(real(path).c_str(), mode)); }
int chown(const char* path, uid_t user, gid_t group, fuse_file_info*) {
  return outcome(::lchown(real(path).c_str(), user, group));
}
int truncate(const char* path, off_t size, fuse_file_info* file) {
  return outcome(file ? ::ftruncate(static_cast<int>(file->fh), size) : ::truncate(real(path).c_str(), size));
}
int utimens(const char* path, const timespec times[2], fuse_file_info*) {
  return outcome(::utimensat(AT_FDCWD, real(path).c_str(), times, AT_SYMLINK_NOFOLLOW));
}
int access(const char* path, int mode) { return outcome(::access(real(path).c_str(), mode)); }

int open(const char* path, fuse_file_info* file) {
  if (lose > 0 && ++opens % (lose + 1) >= lose - 1)
    return -ESTALE;  // twice in a row: the kernel tries once more itself
  int fd = ::open(real(path).c_str(), file->flags & ~(O_CREAT | O_EXCL));
  if (fd < 0) return -errno;
  file->fh = static_cast<std::uint64_t>(fd);
  return 0;
}

int create(const char* path, mode_t mode, fuse_file_info* file) {
  int fd = ::open(real(path).c_str(), file->flags, mode);
  if (fd < 0) return -errno;
  forget_listing_of(path);
  file->fh = static_cast<std::uint64_t>(fd);
  return 0;
}

int read(const char*, char* bytes, std::size_t size, off_t at, fuse_file_info* file) {
  ssize_t n = ::pread(static_cast<int>(file->fh), bytes, size, at);
  return n < 0 ? -errno : static_cast<int>(n);
}

int write(const char*, const char* bytes, std::size_t size, off_t at, fuse_file_info* file) {
  int fd = static_cast<int>(file->fh);
  ssize_t n = file->flags & O_APPEND ? ::write(fd, bytes, size) : ::pwrite(fd, bytes, size, at);
  return n < 0 ? -errno : static_cast<int>(n);
}

int statfs(const char* path, struct statvfs* info) { return outcome(::statvfs(real(path).c_str(), info)); }
int release(const char*, fuse_file_info* file) { return outcome(::close(static_cast<int>(file->fh))); }
int fsync(const char*, int, fuse_file_info* file) { return outcome(::fsync(static_cast<int>(file->fh))); }
int fsyncdir(const char*, int, fuse_file_info*) { return 0; }
int flock(const char*, fuse_file_info*, int) { return -ENOLCK; }
int lock(const char*, fuse_file_info*, int, struct flock*) { return -ENOLCK; }

int readdir(const char* path, void* buffer, fuse_fill_dir_t fill, off_t, fuse_file_info*, fuse_readdir_flags) {
  auto now = std::chrono::steady_clock::now();
  Listing& listing = listings[path];
  if (listing.names.empty() || std::chrono::duration<double>(now - listing.when).count() > stale) {
    DIR* opened = ::opendir(real(path).c_str());
    if (!opened) return -errno;
    listing = {{}, now};
    while (dirent* entry = ::readdir(opened)) listing.names.emplace_back(entry->d_name);
    ::closedir(opened);
  }
  for (const std::string& name : listing.names) fill(buffer, name.c_str(), nullptr, 0, fuse_fill_dir_flags{});
  return 0;
}

void* start(fuse_conn_info*, fuse_config* settings) {
  settings->use_ino = 1;  // two names of one file are one file
  settings->entry_timeout = settings->negative_timeout = stale;
  settings->attr_timeout = 0;  // asked at each open, as clients do ("close to open")
  return nullptr;
}

fuse_operations operations() {
  fuse_operations all{};
  all.getattr = getattr, all.readlink = readlink, all.mkdir = mkdir, all.unlink = unlink, all.rmdir = rmdir;
  all.symlink = symlink, all.rename = rename, all.link = link, all.chmod = chmod, all.chown = chown;
  all.truncate = truncate, all.open = open, all.read = read, all.write = write, all.statfs = statfs;
  all.release = release, all.fsync = fsync, all.readdir = readdir, all.fsyncdir = fsyncdir, all.init = start;
  all.access = access, all.create = create, all.lock = lock, all.utimens = utimens, all.flock = flock;
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: network-disk FOLDER MOUNTPOINT STALE LOSE\n");
    return 2;
  }
  folder = argv[1];
  stale = std::atof(argv[3]);
  lose = static_cast<unsigned>(std::atoi(argv[4]));
  fuse_operations all = operations();
  char foreground[] = "-f", one_thread[] = "-s";
  char* words[] = {argv[0], foreground, one_thread, argv[2], nullptr};
  return fuse_main(4, words, &all, nullptr);
}
