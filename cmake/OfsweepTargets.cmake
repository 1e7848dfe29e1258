# One static library per folder, so that the linker keeps the direction of dependencies; all targets share warnings and sanitizers.

add_library(ofsweep_options INTERFACE)
target_include_directories(ofsweep_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(ofsweep_options INTERFACE -Wall -Wextra -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(ofsweep_options INTERFACE -Wthread-safety -Werror=thread-safety)
endif()
if(OFSWEEP_WERROR)
  target_compile_options(ofsweep_options INTERFACE -Werror)
endif()
if(OFSWEEP_SANITIZE)
  target_compile_options(ofsweep_options INTERFACE -fsanitize=${OFSWEEP_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(ofsweep_options INTERFACE -fsanitize=${OFSWEEP_SANITIZE})
endif()
target_link_options(ofsweep_options INTERFACE -fuse-ld=mold)
# In every program that ThreadSanitizer watches.
if(OFSWEEP_SANITIZE STREQUAL "thread")
  add_library(ofsweep_absl_for_tsan OBJECT ${CMAKE_SOURCE_DIR}/tests/sanitizers/absl_for_tsan.cc)
  target_link_libraries(ofsweep_absl_for_tsan PUBLIC ofsweep_options absl::status absl::synchronization ${CMAKE_DL_LIBS})
  set(OFSWEEP_ABSL_FOR_TSAN ofsweep_absl_for_tsan)
endif()

# ofsweep_library(NAME SOURCES … DEPENDS …)
function(ofsweep_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC ofsweep_options ${ARG_DEPENDS})
endfunction()

# ofsweep_executable(NAME SOURCES … DEPENDS …)
function(ofsweep_executable name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ofsweep_options ${OFSWEEP_ABSL_FOR_TSAN} ${ARG_DEPENDS})
endfunction()

# By what the seconds that a test may take are multiplied.
set(OFSWEEP_SLOWDOWN 1)
if(OFSWEEP_SANITIZE)
  set(OFSWEEP_SLOWDOWN 5)
endif()

# ofsweep_test(NAME SOURCES … DEPENDS … [TIMEOUT seconds] [PROCESSORS n]): a GoogleTest executable, one ctest entry a test case.
# PROCESSORS is how many cores a case keeps busy. Tests find their data by OFSWEEP_SOURCE_DIR and the built programs by
# OFSWEEP_BIN_DIR.
include(GoogleTest)
function(ofsweep_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT;PROCESSORS" "SOURCES;DEPENDS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * ${OFSWEEP_SLOWDOWN}")
  if(NOT ARG_PROCESSORS)
    set(ARG_PROCESSORS 1)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ofsweep_options ${OFSWEEP_ABSL_FOR_TSAN} ${ARG_DEPENDS} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE
    OFSWEEP_SOURCE_DIR="${CMAKE_SOURCE_DIR}" OFSWEEP_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  # No property may be empty: gtest_discover_tests drops empty values, and the next name would become this one's value.
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST
    # Threads that spin at a barrier on cores that other tests use make seconds into minutes (docs/adr/0007).
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} PROCESSORS ${ARG_PROCESSORS} ENVIRONMENT OMP_WAIT_POLICY=passive)
endfunction()
