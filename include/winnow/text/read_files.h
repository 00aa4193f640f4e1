// Reading of a snapshot folder's text files, as people's editors and libraries of several years left them.
#pragma once

#include <string>
#include <string_view>

#include "winnow/core/file.h"
#include "winnow/text/snapshot_files.h"

namespace winnow::text {

// Without a byte order mark, lines ended by \n (not \r\n, \r): what Python's readers see. DataError naming `where` for
// UTF-16.
std::string plain_text(std::string_view bytes, const std::string& where);

// open_clip's form (open_clip_config.json beside open_clip_model.safetensors). A folder that holds both forms counts as
// Hugging Face's, unless its config.json is timm's: open_clip's has the texts, too.
bool is_open_clip(const Path& folder);

// Configuration and small files, no tensors. Where config.json is timm's, or processor_config.json holds the image
// processor (transformers 5), preprocessor_config.json is made of what they say. `config` of open_clip's form is
// open_clip_config.json. DataError naming file and key.
SnapshotFiles read_stored_files(const Path& folder);

// The same in Hugging Face's form, whichever the folder has.
SnapshotFiles read_snapshot_files(const Path& folder);
// open_clip's form in Hugging Face's: configuration and preprocessor_config.json.
SnapshotFiles from_open_clip(SnapshotFiles stored);

}  // namespace winnow::text
