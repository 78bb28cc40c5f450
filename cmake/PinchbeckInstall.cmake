# Installs the headers, the libraries and what CMake and pkg-config need to find them. Components of the installation:
# library (the shared library), development (everything else that a compiler needs), command.
include(CMakePackageConfigHelpers)

set(PINCHBECK_CONFIG_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/pinchbeck)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/pinchbeck DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT development FILES_MATCHING PATTERN "*.h")

# Three sets of targets, so that a package that wants the statistics alone needs neither curl nor OpenSSL, and
# so that the static and the shared library can both be pinchbeck::pinchbeck.
set_target_properties(pinchbeck_stats PROPERTIES EXPORT_NAME stats)
install(TARGETS pinchbeck_stats EXPORT pinchbeck-stats)
set_target_properties(pinchbeck PROPERTIES EXPORT_NAME pinchbeck)
install(TARGETS pinchbeck EXPORT pinchbeck-static
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
set(export_sets stats static)
if(TARGET pinchbeck_shared)
  set_target_properties(pinchbeck_shared PROPERTIES EXPORT_NAME pinchbeck)
  install(TARGETS pinchbeck_shared EXPORT pinchbeck-shared
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT development)
  list(APPEND export_sets shared)
endif()
foreach(set IN LISTS export_sets)
  install(EXPORT pinchbeck-${set} FILE pinchbeck-${set}-targets.cmake NAMESPACE pinchbeck::
          DESTINATION ${PINCHBECK_CONFIG_DIR} COMPONENT development)
endforeach()

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/pinchbeck-config.cmake.in
  ${PROJECT_BINARY_DIR}/pinchbeck-config.cmake INSTALL_DESTINATION ${PINCHBECK_CONFIG_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/pinchbeck-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/pinchbeck-config.cmake ${PROJECT_BINARY_DIR}/pinchbeck-config-version.cmake
        DESTINATION ${PINCHBECK_CONFIG_DIR} COMPONENT development)

# pkg-config, with paths relative to its own files, so that the whole tree can be moved.
set(pc_folder ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH PC_PREFIX /${pc_folder} /)
string(REGEX REPLACE "/$" "" PC_PREFIX "${PC_PREFIX}")
set(PC_REQUIRES "pinchbeck-stats = ${PROJECT_VERSION}, absl_time")
set(libraries "libcurl, openssl, zlib, libutf8proc, absl_str_format")
if(TARGET pinchbeck_shared)
  # The shared library brings them along; they are needed for `pkg-config --static` alone.
  set(PC_REQUIRES_LINE "Requires.private: ${libraries}")
else()
  string(APPEND PC_REQUIRES ", ${libraries}")
endif()
foreach(module IN ITEMS pinchbeck pinchbeck-stats)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/${module}.pc.in ${PROJECT_BINARY_DIR}/${module}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${module}.pc DESTINATION ${pc_folder} COMPONENT development)
endforeach()
