"""GStreamer's RTSP server: serves one file from its beginning to each client that plays it.

Arguments: the file; address and port to listen on; name of the interface and first of four ports for multicast; then,
for RTSPS, its port, key and certificate. Path /avp offers RTP, /savp offers it as SRTP as well.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer

PIPELINE = (
    "( filesrc location={} ! qtdemux name=demux"
    " demux.video_0 ! queue ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1"
    " demux.audio_0 ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97 )"
)

PROFILES = {
    "/avp": GstRtsp.RTSPProfile.AVP,
    "/savp": GstRtsp.RTSPProfile.AVP | GstRtsp.RTSPProfile.SAVP,
}

TRANSPORTS = (
    GstRtsp.RTSPLowerTrans.UDP
    | GstRtsp.RTSPLowerTrans.UDP_MCAST
    | GstRtsp.RTSPLowerTrans.TCP
)

ROLE = "reader"


def make_factory(file, profiles, interface, multicast_port):
    pool = GstRtspServer.RTSPAddressPool()
    pool.add_range("224.3.0.1", "224.3.0.8", multicast_port, multicast_port + 3, 16)
    permissions = GstRtspServer.RTSPPermissions.new()
    for permission in ("media.factory.access", "media.factory.construct"):
        permissions.add_permission_for_role(ROLE, permission, True)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(PIPELINE.format(file))
    factory.set_profiles(profiles)
    factory.set_protocols(TRANSPORTS)
    factory.set_address_pool(pool)
    factory.set_multicast_iface(interface)
    factory.set_permissions(permissions)
    return factory


def make_auth(key, certificate):
    everybody = GstRtspServer.RTSPToken.new()
    everybody.set_string("media.factory.role", ROLE)
    auth = GstRtspServer.RTSPAuth()
    auth.set_tls_certificate(Gio.TlsCertificate.new_from_files(certificate, key))
    auth.set_default_token(everybody)
    return auth


def serve(address, port, factories, auth=None):
    server = GstRtspServer.RTSPServer()
    server.set_address(address)
    server.set_service(port)
    if auth:
        server.set_auth(auth)
    for path, factory in factories.items():
        server.get_mount_points().add_factory(path, factory)
    if server.attach(None) == 0:
        sys.exit(f"Cannot listen on port {port}")
    return server


def main(file, address, port, interface, multicast_port, *secure):
    Gst.init(None)
    factories = {
        path: make_factory(file, profiles, interface, int(multicast_port))
        for path, profiles in PROFILES.items()
    }
    servers = [serve(address, port, factories)]
    if secure:
        secure_port, key, certificate = secure
        auth = make_auth(key, certificate)
        servers.append(serve(address, secure_port, factories, auth))
    print("listening", flush=True)
    GLib.MainLoop().run()


main(*sys.argv[1:])
