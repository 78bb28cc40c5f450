# Run by cpack when the files of the packages stand in folders, one a component: what Debian's policy asks for and an
# installation by CMake does without.
cmake_minimum_required(VERSION 3.25)
if(NOT CPACK_GENERATOR STREQUAL "DEB")
  return()
endif()
find_program(PINCHBECK_GZIP gzip REQUIRED)

# pinchbeck_compress(FILE...): FILE.gz in place of each, without a name and a time inside, so that the same file gives the
# same bytes.
function(pinchbeck_compress)
  execute_process(COMMAND ${PINCHBECK_GZIP} -9nf ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# The time of the entry is that of the changes, or what a reproducible build asks for.
set(format "%a, %d %b %Y %H:%M:%S +0000")
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  string(TIMESTAMP date "${format}" UTC)
else()
  file(TIMESTAMP ${CPACK_PINCHBECK_SOURCE_DIR}/CHANGELOG.md date "${format}" UTC)
endif()

foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} key)
  set(usr ${CPACK_TEMPORARY_DIRECTORY}/${component}/usr)
  set(documentation ${usr}/share/doc/${CPACK_DEBIAN_${key}_PACKAGE_NAME})
  file(COPY_FILE ${CPACK_PINCHBECK_SOURCE_DIR}/CHANGELOG.md ${documentation}/changelog)
  file(WRITE ${documentation}/changelog.Debian
    "pinchbeck (${CPACK_DEBIAN_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium\n\n"
    "  * Packaged by the project itself; changelog.gz says what is new.\n\n"
    " -- ${CPACK_DEBIAN_PACKAGE_MAINTAINER}  ${date}\n")
  pinchbeck_compress(${documentation}/changelog ${documentation}/changelog.Debian)

  file(GLOB pages ${usr}/share/man/man*/*.[1-9])
  if(pages)
    pinchbeck_compress(${pages})
  endif()

  # Below /usr Debian's Python looks for modules here only, whatever its version.
  file(GLOB modules ${usr}/lib/python3.*/*-packages/pinchbeck)
  if(modules)
    file(MAKE_DIRECTORY ${usr}/lib/python3/dist-packages)
    file(RENAME ${modules} ${usr}/lib/python3/dist-packages/pinchbeck)
    file(GLOB versions ${usr}/lib/python3.*)
    file(REMOVE_RECURSE ${versions})
  endif()

  # Whatever the umask of whoever packs is. Nothing but the command is run.
  # Not CHMOD_RECURSE, which stops at a link into another package.
  file(GLOB_RECURSE entries LIST_DIRECTORIES true ${CPACK_TEMPORARY_DIRECTORY}/${component}/*)
  set(programs ${usr}/bin)
  foreach(entry IN LISTS entries)
    if(IS_SYMLINK "${entry}")
      continue()
    endif()
    set(permissions OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
    cmake_path(IS_PREFIX programs "${entry}" is_program)
    if(IS_DIRECTORY "${entry}" OR is_program)
      list(APPEND permissions OWNER_EXECUTE GROUP_EXECUTE WORLD_EXECUTE)
    endif()
    file(CHMOD "${entry}" PERMISSIONS ${permissions})
  endforeach()
endforeach()
