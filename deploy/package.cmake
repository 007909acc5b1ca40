# `cpack` in the build directory makes the .deb from the install rules. What only a package has
# comes from package_files.cmake.
set(HOLDFAST_MAINTAINER "holdfast maintainers <holdfast@localhost>" CACHE STRING
    "Who answers for a package; whoever publishes one says so")
string(TIMESTAMP changelog_date "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file(debian/changelog.in debian/changelog @ONLY)
find_program(GZIP gzip)
if(GZIP)
  execute_process(COMMAND ${GZIP} -9nf ${CMAKE_CURRENT_BINARY_DIR}/debian/changelog)
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME holdfast)
set(CPACK_PACKAGE_CONTACT ${HOLDFAST_MAINTAINER})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "pulls backups out of S3 onto a disk that the cloud cannot reach")
set(CPACK_PACKAGE_DESCRIPTION
"holdfast runs from a timer or from cron on a Raspberry Pi, or any small Linux
box, with a USB disk, and pulls every new backup home out of S3 buckets, with
credentials that may only read. It proves from the disk that what arrived is
what the bucket promised, never gives up a copy because of anything that
happens upstream, and says how things stand in a status file, an exit status
and one line of mail.")
# /etc and /var are absolute, so that the files go by DESTDIR, and their prefix by this.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
if(NOT CMAKE_CROSSCOMPILING)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
endif()
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "cron | systemd")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION TRUE)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${CMAKE_CURRENT_SOURCE_DIR}/debian/postinst
    ${CMAKE_CURRENT_SOURCE_DIR}/debian/prerm
    ${CMAKE_CURRENT_SOURCE_DIR}/debian/postrm)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_BINARY_DIR}/package_files.cmake)
configure_file(debian/package_files.cmake.in package_files.cmake @ONLY)
include(CPack)
