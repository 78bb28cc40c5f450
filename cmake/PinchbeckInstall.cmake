# Installs the headers, the libraries and what CMake and pkg-config need to find them. Components of the installation:
# library (the shared libraries), development (everything else that a compiler needs), command.
include(CMakePackageConfigHelpers)

set(PINCHBECK_CONFIG_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/pinchbeck)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/pinchbeck DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT development FILES_MATCHING PATTERN "*.h")

# Sets of targets, so that a package that wants the statistics alone needs neither curl nor OpenSSL, one in C needs
# no C++, and the static and the shared library can both be pinchbeck::pinchbeck.
set_target_properties(pinchbeck_stats PROPERTIES EXPORT_NAME stats)
install(TARGETS pinchbeck_stats EXPORT pinchbeck-stats)
set_target_properties(pinchbeck PROPERTIES EXPORT_NAME pinchbeck)
install(TARGETS pinchbeck EXPORT pinchbeck-static
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
set_target_properties(pinchbeck_c PROPERTIES EXPORT_NAME c)
install(TARGETS pinchbeck_c EXPORT pinchbeck-c
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT development)
set(export_sets stats static c)
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

# pkg-config, with paths relative to its own files, so that the whole tree can be moved. Folders that are given as
# absolute paths stay where they are, and so does what refers to them.
set(pc_folder ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(IS_ABSOLUTE "${pc_folder}")
  set(PC_PREFIX ${CMAKE_INSTALL_PREFIX})
else()
  file(RELATIVE_PATH PC_PREFIX /${pc_folder} /)
  string(REGEX REPLACE "/$" "" PC_PREFIX "${PC_PREFIX}")
  string(PREPEND PC_PREFIX "\${pcfiledir}/")
endif()
foreach(folder IN ITEMS LIBDIR INCLUDEDIR)
  set(PC_${folder} ${CMAKE_INSTALL_${folder}})
  if(NOT IS_ABSOLUTE "${PC_${folder}}")
    string(PREPEND PC_${folder} "\${prefix}/")
  endif()
endforeach()
set(PC_REQUIRES "pinchbeck-stats = ${PROJECT_VERSION}, absl_time")
set(libraries "libcurl, openssl, zlib, libutf8proc, absl_str_format")
if(TARGET pinchbeck_shared)
  # The shared library brings them along; they are needed for `pkg-config --static` alone.
  set(PC_REQUIRES_LINE "Requires.private: ${libraries}")
else()
  string(APPEND PC_REQUIRES ", ${libraries}")
endif()
foreach(module IN ITEMS pinchbeck pinchbeck-stats pinchbeck_c)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/${module}.pc.in ${PROJECT_BINARY_DIR}/${module}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${module}.pc DESTINATION ${pc_folder} COMPONENT development)
endforeach()
