# Debian packages: `cpack -G DEB` in the build folder. Tests build, install and remove them (tests/install).
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME pinchbeck)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_DEBIAN_PACKAGE_VERSION ${PROJECT_VERSION})
# Counts packages of one version.
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SOURCE pinchbeck)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "The pinchbeck developers <developers@pinchbeck.invalid>")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# Says which package programs that link the shared library depend on.
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")

# pinchbeck_debian_package(COMPONENT NAME SECTION DEPENDS DESCRIPTION): the package of one component of the
# installation. Shared libraries that programs in it use are found by dpkg-shlibdeps.
function(pinchbeck_debian_package component name section depends description)
  string(TOUPPER ${component} key)
  set(packages ${CPACK_COMPONENTS_ALL} ${component})
  set(CPACK_COMPONENTS_ALL ${packages} PARENT_SCOPE)
  set(CPACK_DEBIAN_${key}_PACKAGE_NAME ${name} PARENT_SCOPE)
  set(CPACK_DEBIAN_${key}_PACKAGE_SECTION ${section} PARENT_SCOPE)
  set(CPACK_DEBIAN_${key}_PACKAGE_DEPENDS "${depends}" PARENT_SCOPE)
  set(CPACK_DEBIAN_${key}_PACKAGE_SHLIBDEPS ON PARENT_SCOPE)
  set(CPACK_COMPONENT_${key}_DESCRIPTION "${description}" PARENT_SCOPE)
  install(FILES ${PROJECT_SOURCE_DIR}/cmake/debian/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR}/../${name}
          RENAME copyright COMPONENT ${component})
endfunction()

set(library_package libpinchbeck${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set(headers_need "libabsl-dev, libeigen3-dev")
set(archive_needs "libcurl4-openssl-dev, libssl-dev, zlib1g-dev, libutf8proc-dev, pkg-config")
set(CPACK_COMPONENTS_ALL)
pinchbeck_debian_package(library ${library_package} libs ""
  "Shared libraries, for C++ and for C\nRecords answers of LLM endpoints and tests\nwhether they can come from the claimed model.")
# The library for C keeps its name from one minor version to the next: one package that holds it at a time.
foreach(relation PROVIDES CONFLICTS REPLACES)
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_${relation} libpinchbeck-c1)
endforeach()
# The trigger has dpkg run ldconfig once for all packages, and needs no scripts. CPack adds some that call ldconfig unless
# the list names others: names without files give none, and a warning for each.
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/cmake/debian/triggers
  ${PROJECT_SOURCE_DIR}/cmake/debian/left-out-on-purpose/postinst
  ${PROJECT_SOURCE_DIR}/cmake/debian/left-out-on-purpose/postrm)
set(headers_need "${library_package} (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}), ${headers_need}")
pinchbeck_debian_package(development libpinchbeck-dev libdevel "${headers_need}, ${archive_needs}"
  "Headers and libraries to compile with\nThe statistics as headers alone, and everything\nas a static and a shared library.")
if(PINCHBECK_BUILD_CLI)
  # Certificates are looked up at run time, where dpkg-shlibdeps sees nothing.
  pinchbeck_debian_package(command pinchbeck utils "ca-certificates"
    "Command\nSends the same prompts to two endpoints, records the answers\nand tests whether one model gave both.")
endif()
# The Python module installs itself as the component python, where it is built.
if(TARGET pinchbeck_python)
  # The extension fits the Python that it was built for, and no other.
  math(EXPR next_minor "${PINCHBECK_PYTHON_MINOR} + 1")
  pinchbeck_debian_package(python python3-pinchbeck python
    "python3 (>= 3.${PINCHBECK_PYTHON_MINOR}), python3 (<< 3.${next_minor}), python3-numpy"
    "Python module\nThe statistics, fingerprints and verdicts of pinchbeck for Python.")
endif()
set(CPACK_PINCHBECK_SOURCE_DIR ${PROJECT_SOURCE_DIR})
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/PinchbeckPackagesFinish.cmake)
# Without dpkg-shlibdeps CPack would make packages that depend on no library.
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_SOURCE_DIR}/cmake/PinchbeckPackagesCheck.cmake)
include(CPack)
