#include "winnow/data/kept_images.h"

#include <fmt/format.h>

#include "cache_file.h"
#include "winnow/core/error.h"
#include "winnow/core/hash.h"

namespace winnow::data {

namespace {

constexpr std::int64_t kHeader = 4096, kHash = sizeof(Hash128);

// A header, the hash of each image (zeros: missing), the images.
std::string header_of(const std::string& content, std::int64_t samples, std::int64_t bytes) {
  std::string text = fmt::format("winnow kept pictures 1\n{}\n{} x {} bytes\n", content, samples, bytes);
  if (text.size() > kHeader) throw InternalError("kept images: their description is too long");
  text.resize(kHeader, '\n');
  return text;
}

bool is_of(const CacheFile& file, const std::string& header, std::int64_t size) {
  if (file.size() != size) return false;
  std::string found(kHeader, 0);
  file.read(0, std::as_writable_bytes(std::span(found)));
  return found == header;
}

}  // namespace

KeptImages::KeptImages(const Path& path, const std::string& content, std::int64_t samples, std::int64_t bytes)
    : samples_(samples), bytes_(bytes) {
  make_folders(path.parent_path());
  std::string header = header_of(content, samples, bytes);
  std::int64_t size = kHeader + samples * (kHash + bytes);
  CacheFile lock(Path(path).concat(".lock"));
  lock.lock();
  file_ = std::make_unique<CacheFile>(path);
  if (is_of(*file_, header, size)) return;
  // A new file: a process that has the old one open keeps reading it.
  std::filesystem::remove(path);
  file_ = std::make_unique<CacheFile>(path);
  file_->resize(size);
  file_->write(0, std::as_bytes(std::span(header)));
}

KeptImages::~KeptImages() = default;
KeptImages::KeptImages(KeptImages&&) noexcept = default;

std::int64_t KeptImages::place(std::int64_t sample) const { return kHeader + samples_ * kHash + sample * bytes_; }

bool KeptImages::read(std::int64_t sample, std::span<std::uint8_t> image) const {
  if (sample < 0 || sample >= samples_ || static_cast<std::int64_t>(image.size()) != bytes_)
    throw InternalError("kept images: no such image");
  Hash128 hash;
  file_->read(kHeader + sample * kHash, std::as_writable_bytes(std::span(&hash, 1)));
  if (hash == Hash128{}) return false;
  file_->read(place(sample), std::as_writable_bytes(image));
  return hash_of(std::as_bytes(image)) == hash;
}

void KeptImages::keep(std::int64_t sample, std::span<const std::uint8_t> image) const {
  if (sample < 0 || sample >= samples_ || static_cast<std::int64_t>(image.size()) != bytes_)
    throw InternalError("kept images: no such image");
  Hash128 hash = hash_of(std::as_bytes(image));
  file_->write(place(sample), std::as_bytes(image));
  file_->write(kHeader + sample * kHash, std::as_bytes(std::span(&hash, 1)));
}

}  // namespace winnow::data
