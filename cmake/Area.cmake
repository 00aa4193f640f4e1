# One library per area. An area sees the headers of the areas that it may include and of no other, so a wrong include
# does not compile; its link line has exactly these edges. Sources are globbed: adding a method is adding a file.

function(winnow_area area)
  cmake_parse_arguments(ARG "" "" "MAY;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${area}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/cuda/")     # those make libwinnow-cuda.so
  # Headers of one area alone: a folder that holds a link winnow/<area> -> include/winnow/<area>.
  set(view ${CMAKE_BINARY_DIR}/include/${area})
  file(MAKE_DIRECTORY ${view}/winnow)
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/include/winnow/${area} ${view}/winnow/${area} SYMBOLIC)
  add_library(winnow_${area} STATIC ${sources})
  target_include_directories(winnow_${area} PUBLIC ${view} PRIVATE ${CMAKE_SOURCE_DIR}/src/${area})
  target_link_libraries(winnow_${area} PUBLIC ${ARG_LIBRARIES})
  foreach(lower IN LISTS ARG_MAY)
    target_link_libraries(winnow_${area} PUBLIC winnow_${lower})
  endforeach()
endfunction()

# A program: main.cpp dispatches, every other file in src/cmd/<name> is one subcommand.
function(winnow_program name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/cmd/${name}/*.cpp)
  file(GLOB shared CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/cmd/*.cpp)
  list(APPEND sources ${shared})
  add_executable(${name} ${sources})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/src/cmd ${CMAKE_SOURCE_DIR}/src/cmd/${name})
  target_include_directories(${name} SYSTEM PRIVATE ${CLI11_INCLUDE})
  foreach(area IN LISTS ARGN)
    target_link_libraries(${name} PRIVATE winnow_${area})
  endforeach()
endfunction()

# The tests of an area: all of tests/<area>/*.cpp in one program.
function(winnow_test area)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${area}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(test-${area} ${sources})
  target_link_libraries(test-${area} PRIVATE winnow_${area} ${ARGN} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(test-${area} PRIVATE WINNOW_SOURCE_DIR="${CMAKE_SOURCE_DIR}" WINNOW_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
  winnow_shards(${area} 1)
endfunction()

# test-NAME as so many tests as it is long, so that `ctest -j` and `--rerun-failed` have something to work with: NAME, or NAME.1, NAME.2, ...
function(winnow_shards name count)
  foreach(shard RANGE 1 ${count})
    set(test ${name}.${shard})
    if(count EQUAL 1)
      set(test ${name})
    endif()
    math(EXPR index "${shard} - 1")
    add_test(NAME ${test} COMMAND test-${name} --gtest_brief=1)
    set_tests_properties(${test} PROPERTIES LABELS unit ENVIRONMENT "GTEST_TOTAL_SHARDS=${count};GTEST_SHARD_INDEX=${index}")
  endforeach()
endfunction()

# What uses torch shares one precompiled header: a unit costs seconds instead of half a minute.
function(winnow_precompiled)
  if(NOT TARGET winnow_pch)
    file(WRITE ${CMAKE_BINARY_DIR}/generated/torch_pch.cpp "")
    add_library(winnow_pch OBJECT ${CMAKE_BINARY_DIR}/generated/torch_pch.cpp)
    target_link_libraries(winnow_pch PUBLIC TorchWheel::cpu fmt::fmt nlohmann_json::nlohmann_json)
    target_precompile_headers(winnow_pch PRIVATE <ATen/ATen.h> <torch/csrc/autograd/autograd.h> <nlohmann/json.hpp>)
    set_target_properties(winnow_pch PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(winnow_pch PRIVATE -fpch-preprocess -fPIC)
  endif()
  foreach(target IN LISTS ARGN)
    target_precompile_headers(${target} REUSE_FROM winnow_pch)
    # Programs would be compiled with -fPIE, the header was with -fPIC.
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fpch-preprocess -fPIC)
  endforeach()
endfunction()
