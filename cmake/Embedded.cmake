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
