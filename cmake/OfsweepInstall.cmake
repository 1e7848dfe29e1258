# What `cmake --install` puts where, and `cpack` into Debian packages: ofsweep, and ofsweep-trainer where it was built. LibTorch is in
# neither: the trainer finds it where deploy/setup/install.sh put it, or beside itself, where `ofsweep doctor --install-trainer` puts it.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
# What is installed need not have the tests built.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME ofsweep)

install(TARGETS ofsweep RUNTIME COMPONENT ofsweep)
if(OFSWEEP_TRAINER)
  list(TRANSFORM OFSWEEP_LIBTORCH_FOLDERS PREPEND "$ORIGIN/../lib/ofsweep/" OUTPUT_VARIABLE _beside)
  set_target_properties(ofsweep-trainer PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON INSTALL_RPATH "${_beside}")
  install(TARGETS ofsweep-trainer RUNTIME COMPONENT trainer)
  install(FILES deploy/setup/fetch_wheels.py deploy/setup/wheels.txt deploy/setup/cuda-wheels.txt
    DESTINATION ${CMAKE_INSTALL_DATADIR}/ofsweep/setup COMPONENT trainer)
endif()

# The manual and the completions, as the program that parses describes itself.
set(_generated ${CMAKE_CURRENT_BINARY_DIR}/generated)
set(_files "")
function(ofsweep_generate output)
  add_custom_command(OUTPUT ${_generated}/${output}
    COMMAND sh -c "\"$0\" \"$@\" > '${_generated}/${output}'" $<TARGET_FILE:ofsweep> ${ARGN}
    DEPENDS ofsweep VERBATIM)
  set(_files ${_files} ${_generated}/${output} PARENT_SCOPE)
endfunction()
file(MAKE_DIRECTORY ${_generated})
ofsweep_generate(ofsweep.1 __manual)
ofsweep_generate(ofsweep.bash completion bash)
ofsweep_generate(_ofsweep completion zsh)
ofsweep_generate(ofsweep.fish completion fish)
add_custom_target(ofsweep_documents ALL DEPENDS ${_files})
install(FILES ${_generated}/ofsweep.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${_generated}/ofsweep.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ofsweep)
install(FILES ${_generated}/_ofsweep DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${_generated}/ofsweep.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

# For clients in any language, and for those that are built with CMake.
set(OFSWEEP_INSTALL_PROTO ${CMAKE_INSTALL_DATADIR}/ofsweep/proto)
install(DIRECTORY proto/ofsweep DESTINATION ${OFSWEEP_INSTALL_PROTO} FILES_MATCHING PATTERN "*.proto")
set(_package ${CMAKE_INSTALL_DATADIR}/cmake/ofsweep)
configure_package_config_file(cmake/ofsweepConfig.cmake.in ${_generated}/ofsweepConfig.cmake
  INSTALL_DESTINATION ${_package} PATH_VARS OFSWEEP_INSTALL_PROTO)
write_basic_package_version_file(${_generated}/ofsweepConfigVersion.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${_generated}/ofsweepConfig.cmake ${_generated}/ofsweepConfigVersion.cmake DESTINATION ${_package})

install(FILES deploy/systemd/ofsweep-coordinator.service deploy/systemd/ofsweep-worker.service DESTINATION lib/systemd/system)
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ofsweep)
set(CPACK_PACKAGE_CONTACT "the authors of ofsweep")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Trains grids of transformers and shows which of them grow outlier features")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_COMPONENTS_ALL ofsweep)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_OFSWEEP_PACKAGE_NAME ofsweep)
set(CPACK_DEBIAN_OFSWEEP_PACKAGE_SHLIBDEPS ON)
if(OFSWEEP_TRAINER)
  list(APPEND CPACK_COMPONENTS_ALL trainer)
  set(CPACK_DEBIAN_TRAINER_PACKAGE_NAME ofsweep-trainer)
  # Not by dpkg-shlibdeps, which refuses what no Debian package has, as LibTorch.
  set(CPACK_DEBIAN_TRAINER_PACKAGE_DEPENDS "ofsweep (= ${PROJECT_VERSION}), python3, libfmt9, libsentencepiece0, libspdlog1.10-fmt9, libssl3, libyaml-cpp0.7, libabsl20220623")
endif()
include(CPack)
