// What a name of timm's means (vit_base_patch16_224, convnext_tiny, resnet50), and what config.json's model_args change
// of it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "winnow/text/config_table.h"
#include "winnow/text/snapshot_files.h"

namespace winnow::model {

class TimmArchitecture {
 public:
  // DataError for a name that timm does not have (the nearest), one that is none of winnow's towers (why), and an entry
  // of model_args beyond `changeable` that would change the network.
  TimmArchitecture(const text::SnapshotFiles&, const std::vector<std::string>& changeable);

  // Entries of model_args, else of timm's own definition.
  std::int64_t size(const char* key) const;
  std::vector<std::int64_t> sizes(const char* key) const;
  std::string text(const char* key) const;
  bool flag(const char* key) const;
  double real(const char* key) const;            // of the definition alone
  std::int64_t own_size(const char* key) const;  // of the definition alone
  // Of images: model_args.img_size, else pretrained_cfg.input_size, else the definition's.
  std::int64_t image_size() const;
  // DataError unless features are pooled so: what config.json says, else the definition.
  void require_pool(const std::string& pool) const;
  const text::ConfigTable& arguments() const { return arguments_; }

 private:
  const std::string& own(const char* key) const;

  Value config_;
  std::string where_, name_;
  std::map<std::string, std::string> own_;
  text::ConfigTable arguments_;
};

}  // namespace winnow::model
