# The result versions of methods, from the presets that declare them, into the area stage: trainers, which know no presets, compare them.
file(GLOB presets CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sweeps/presets/methods/*.toml)
set(entries "")
foreach(preset IN LISTS presets)
  get_filename_component(name ${preset} NAME_WE)
  file(STRINGS ${preset} line REGEX "^version *= *[0-9]+ *(#.*)?$")
  string(REGEX MATCH "[0-9]+" version "${line}")
  if(version STREQUAL "")
    message(FATAL_ERROR "${preset}: a line 'version = NUMBER' is missing")
  endif()
  string(APPEND entries "      {\"${name}\", ${version}},\n")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${preset})
endforeach()
set(generated ${CMAKE_BINARY_DIR}/generated/method_versions.cpp)
file(CONFIGURE OUTPUT ${generated} @ONLY CONTENT [[
#include "winnow/stage/result_version.h"

namespace winnow {

const std::map<std::string, int, std::less<>>& method_versions() {
  static const std::map<std::string, int, std::less<>> versions = {
@entries@  };
  return versions;
}

}  // namespace winnow
]])
target_sources(winnow_stage PRIVATE ${generated})
