// Reading a run file: first the bytes against their digest, then what they mean.
#include "named.h"
#include "reader.h"
#include "user_block.h"
#include "winnow/core/error.h"

namespace winnow::store {

namespace {

using hdf5::Handle;

Provenance read_provenance(const Reader& file) {
  Provenance from;
  from.code_version = file.attribute_text(attribute::code_version);
  from.host = file.attribute_text(attribute::host);
  from.device = file.attribute_text(attribute::device);
  from.libraries = Value::parse(file.attribute_text(attribute::libraries)).get<std::map<std::string, std::string>>();
  from.threads = static_cast<int>(file.attribute_number<std::int64_t>(attribute::threads));
  from.width = static_cast<int>(file.attribute_number<std::int64_t>(attribute::width));
  from.attempt = static_cast<int>(file.attribute_number<std::int64_t>(attribute::attempt));
  from.start = file.attribute_number<double>(attribute::start);
  from.end = file.attribute_number<double>(attribute::end);
  if (file.has_attribute(attribute::image_wait))  // of stages with images, since they say so
    from.image_wait = file.attribute_number<double>(attribute::image_wait);
  if (file.has_attribute(attribute::features_read))
    from.features_read = file.attribute_number<std::int64_t>(attribute::features_read);
  if (file.has_attribute(attribute::chunk)) from.chunk = file.attribute_number<std::int64_t>(attribute::chunk);
  if (file.has_attribute(attribute::earlier_chunks))
    from.earlier_chunks = Value::parse(file.attribute_text(attribute::earlier_chunks)).get<std::vector<std::int64_t>>();
  return from;
}

bool describes_itself(const std::string& name) {
  return name == dataset::canonical || name == dataset::stage || name == dataset::metrics || name == dataset::log ||
         name == dataset::confusion;
}

}  // namespace

RunHeader verify_run_file(const Path& path) {
  UserBlock block = verify_bytes(path);
  return with_name(path, [&] {
    Reader file(path);
    return RunHeader{block.identity, block.file_digest, block.result_digest, block.length + kUserBlockSize,
                     read_provenance(file)};
  });
}

RunContent read_run_file(const Path& path, bool arrays, Accept accept) {
  bool trial = verify_bytes(path, "run file", accept).trial;
  return with_name(path, [&] {
    Reader file(path);
    RunContent run;
    run.trial = trial;
    run.stage = stage_from_json(Value::parse(file.text(dataset::stage)));
    if (file.has(dataset::metrics)) run.metrics = parse_metric_kinds(file.text(dataset::metrics));
    if (file.has(dataset::confusion)) run.confusion = Reader::table(file.open_set(dataset::confusion));
    run.log = file.text(dataset::log);
    run.provenance = read_provenance(file);
    for (const std::string& name : file.sets()) {
      if (describes_itself(name)) continue;
      Handle set = file.open_set(name);
      H5T_class_t kind = Reader::class_of(set);
      if (kind == H5T_COMPOUND) run.tables[name] = Reader::table(set);
      else if (kind == H5T_STRING) run.texts[name] = Reader::text(set);
      else if (arrays) run.arrays[name] = Reader::array(set);
    }
    return run;
  });
}

Array read_array(const Path& path, const std::string& name) {
  verify_bytes(path);
  return with_name(path, [&] { return Reader::array(Reader(path).open_set(name)); });
}

}  // namespace winnow::store
