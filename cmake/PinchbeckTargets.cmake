# Helpers that give every target of the project the same settings.

function(pinchbeck_target_settings target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
    # Contracted multiply-adds would make p-values depend on the processor.
    -ffp-contract=off
    $<$<BOOL:${PINCHBECK_WARNINGS_AS_ERRORS}>:-Werror>)
  if(PINCHBECK_SANITIZE STREQUAL "address")
    target_compile_options(${target} PUBLIC -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=address,undefined)
  elseif(PINCHBECK_SANITIZE STREQUAL "thread")
    target_compile_options(${target} PUBLIC -fsanitize=thread)
    target_link_options(${target} PUBLIC -fsanitize=thread)
  endif()
  if(PINCHBECK_BUILD_FUZZ)
    # Tells the fuzzer which branches an input takes.
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

# pinchbeck_component(NAME SOURCES file... PUBLIC lib... PRIVATE lib...)
# A static library of one folder of src/, used by the tests of that folder and merged into the main library.
function(pinchbeck_component name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  set(target pinchbeck_${name})
  add_library(${target} STATIC ${ARG_SOURCES})
  pinchbeck_target_settings(${target})
  target_include_directories(${target}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${target} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  set_property(GLOBAL PROPERTY PINCHBECK_${name}_PUBLIC "${ARG_PUBLIC}")
  set_property(GLOBAL PROPERTY PINCHBECK_${name}_PRIVATE "${ARG_PRIVATE}")
endfunction()

# Merges the components' objects into one library whose users link only outside packages.
function(pinchbeck_combine_components target)
  pinchbeck_target_settings(${target})
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  foreach(component IN LISTS ARGN)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:pinchbeck_${component}>)
    add_dependencies(${target} pinchbeck_${component})
    foreach(scope PUBLIC PRIVATE)
      get_property(libraries GLOBAL PROPERTY PINCHBECK_${component}_${scope})
      # Nothing is compiled here, so header-only packages that the sources use are no concern of the library's users.
      list(FILTER libraries EXCLUDE REGEX "^(pinchbeck_(${PINCHBECK_COMPONENT_PATTERN})|nlohmann_json::nlohmann_json)$")
      target_link_libraries(${target} ${scope} ${libraries})
    endforeach()
  endforeach()
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX)
endfunction()
set(PINCHBECK_COMPONENT_PATTERN "core|client|signal|fingerprint|audit|report")

# pinchbeck_test(NAME SOURCES file... LIBS lib... LABELS label... TIMEOUT seconds)
function(pinchbeck_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  if(PINCHBECK_SANITIZE)
    # Sanitized programs are several times slower.
    math(EXPR ARG_TIMEOUT "5 * ${ARG_TIMEOUT}")
  endif()
  add_executable(${name} ${ARG_SOURCES})
  pinchbeck_target_settings(${name})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE
    PINCHBECK_SOURCE_DIR="${PROJECT_SOURCE_DIR}" PINCHBECK_BINARY_DIR="${PROJECT_BINARY_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
endfunction()

# pinchbeck_bench(NAME SOURCES file... LIBS lib...)
function(pinchbeck_bench name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  pinchbeck_target_settings(${name})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} benchmark::benchmark benchmark::benchmark_main)
endfunction()
