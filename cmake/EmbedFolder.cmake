# ofsweep_embed_folder(OUTPUT FOLDER NAME): writes a C++ source that holds the files of FOLDER, with their paths below it, as
# `const EmbeddedFile NAME[]` and `const std::size_t NAMECount` (monitoring/embedded_file.h).
function(ofsweep_embed_folder OUTPUT FOLDER NAME)
  file(GLOB_RECURSE _files CONFIGURE_DEPENDS RELATIVE ${FOLDER} ${FOLDER}/*)
  list(SORT _files)
  set(_declarations "")
  set(_rows "")
  set(_number 0)
  set(_paths "")
  foreach(_file IN LISTS _files)
    list(APPEND _paths ${FOLDER}/${_file})
    set(_symbol ${NAME}_${_number})
    string(APPEND _declarations
      "asm(\".section .rodata\\n.global ${_symbol}_begin\\n.global ${_symbol}_end\\n${_symbol}_begin:\\n"
      ".incbin \\\"${FOLDER}/${_file}\\\"\\n${_symbol}_end:\\n.previous\\n\");\n"
      "extern \"C\" const char ${_symbol}_begin[];\nextern \"C\" const char ${_symbol}_end[];\n")
    string(APPEND _rows "    {\"${_file}\", ${_symbol}_begin, ${_symbol}_end},\n")
    math(EXPR _number "${_number} + 1")
  endforeach()
  file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT "// Written by cmake/EmbedFolder.cmake.
#include \"monitoring/embedded_file.h\"

${_declarations}
namespace ofsweep {
extern const EmbeddedFile ${NAME}[] = {
${_rows}};
extern const std::size_t ${NAME}Count = ${_number};
}  // namespace ofsweep
")
  set_source_files_properties(${OUTPUT} PROPERTIES OBJECT_DEPENDS "${_paths}" SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
