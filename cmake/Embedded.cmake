# Compiles a data file into an area: winnow_embedded(<area> <function> <file>) defines std::string_view winnow::<area>::<function>().
function(winnow_embedded area name file)
  set(generated ${CMAKE_BINARY_DIR}/generated/${name}.cpp)
  set(path ${CMAKE_SOURCE_DIR}/src/${area}/${file})
  file(CONFIGURE OUTPUT ${generated} @ONLY CONTENT [[
#include <string_view>

asm(".section .rodata\n"
    "embedded_@name@: .incbin \"@path@\"\n"
    "embedded_@name@_end:\n"
    ".text\n");
extern const char embedded_begin asm("embedded_@name@");
extern const char embedded_end asm("embedded_@name@_end");

namespace winnow::@area@ {

std::string_view @name@() { return {&embedded_begin, static_cast<std::size_t>(&embedded_end - &embedded_begin)}; }

}  // namespace winnow::@area@
]])
  target_sources(winnow_${area} PRIVATE ${generated})
  set_source_files_properties(${generated} PROPERTIES OBJECT_DEPENDS ${path} SKIP_PRECOMPILE_HEADERS ON)
endfunction()

# winnow_embedded_files(AREA NAME PATTERN HEADER TYPE FUNCTION LITERAL KEY): compiles the files of a pattern into an area, as texts. NAME: of the
# generated unit; FUNCTION: what HEADER declares, a vector of TYPE (key, content); KEY: `path`, from the checkout's root,
# or `stem`, the file's name; LITERAL: a word that no file holds behind `)`.
function(winnow_embedded_files area name pattern header type function literal key)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/${pattern})
  set(content "#include \"${header}\"\n\nnamespace winnow::${area} {\n\nconst std::vector<${type}>& ${function}() {\n  static const std::vector<${type}> files = {\n")
  foreach(file IN LISTS files)
    file(READ ${CMAKE_SOURCE_DIR}/${file} text)
    set(shown ${file})
    if(key STREQUAL "stem")
      get_filename_component(shown ${file} NAME_WE)
    endif()
    string(APPEND content "    {\"${shown}\", R\"${literal}(${text})${literal}\"},\n")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${file})
  endforeach()
  string(APPEND content "  };\n  return files;\n}\n\n}  // namespace winnow::${area}\n")
  set(generated ${CMAKE_BINARY_DIR}/generated/${name}.cpp)
  file(CONFIGURE OUTPUT ${generated} CONTENT "${content}" @ONLY)
  target_sources(winnow_${area} PRIVATE ${generated})
endfunction()
