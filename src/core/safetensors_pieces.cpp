#include "winnow/core/safetensors_pieces.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "winnow/core/error.h"

namespace winnow {

void write_safetensors_pieces(const Path& path, const std::map<std::string, SafeTensorPieces>& tensors,
                              const std::map<std::string, std::string>& metadata) {
  nlohmann::json header = nlohmann::json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  std::vector<std::uint64_t> ends;
  for (const auto& [name, tensor] : tensors) {
    std::uint64_t bytes = safetensors_size(tensor.dtype);
    for (std::int64_t side : tensor.shape) bytes *= static_cast<std::uint64_t>(side);
    header[name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {offset, offset + bytes}}};
    ends.push_back(offset += bytes);
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  std::uint64_t length = text.size(), written = 0;
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(&length), 8);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  auto put = [&](std::span<const std::byte> bytes) {
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    written += bytes.size();
  };
  auto end = ends.begin();
  for (const auto& [name, tensor] : tensors) {
    tensor.write(put);
    if (written != *end++)
      throw InternalError(fmt::format("{}: {} has not the bytes of its shape", path.string(), name));
  }
  out.close();
  if (!out) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    throw DeviceError(fmt::format("cannot write {}: is the disk full or the folder read-only?", path.string()));
  }
  sync_file(path);
}

}  // namespace winnow
