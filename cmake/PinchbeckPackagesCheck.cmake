# Read by cpack before it makes packages.
if(CPACK_GENERATOR STREQUAL "DEB")
  find_program(PINCHBECK_SHLIBDEPS dpkg-shlibdeps)
  if(NOT PINCHBECK_SHLIBDEPS)
    message(FATAL_ERROR "dpkg-shlibdeps was not found, so the packages would lack their dependencies; "
                        "install the package dpkg-dev")
  endif()
endif()
