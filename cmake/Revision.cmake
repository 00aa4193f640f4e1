# The revision of the code, compiled into area core: one generated file. It is looked after at every build and rewritten only
# when the revision has changed, so a commit compiles one small unit and links; command lines stay the same, and ccache finds
# what it had.
if(CMAKE_SCRIPT_MODE_FILE)                          # at every build: cmake -DSOURCE= -DVERSION= -DOUTPUT= -P Revision.cmake
  execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/revision.sh ${SOURCE} ${VERSION} OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE
                  COMMAND_ERROR_IS_FATAL ANY)
  file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT [[
#include "winnow/core/revision.h"

namespace winnow {

std::string_view revision() { return "@revision@"; }

}  // namespace winnow
]])
  return()
endif()

set(generated ${CMAKE_BINARY_DIR}/generated/revision.cpp)
add_custom_target(winnow_revision BYPRODUCTS ${generated}
                  COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_SOURCE_DIR} -DVERSION=${PROJECT_VERSION} -DOUTPUT=${generated}
                          -P ${CMAKE_CURRENT_LIST_FILE}
                  COMMENT "" VERBATIM)
target_sources(winnow_core PRIVATE ${generated})
add_dependencies(winnow_core winnow_revision)
