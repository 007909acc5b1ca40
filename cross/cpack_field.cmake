# cmake -DCONFIG=.../CPackConfig.cmake -DFIELD=NAME -P cpack_field.cmake: prints what CPack would put
# there, so that the packages of cross/build.sh say what those of `cpack` say.
include(${CONFIG})
execute_process(COMMAND ${CMAKE_COMMAND} -E echo "${${FIELD}}")
