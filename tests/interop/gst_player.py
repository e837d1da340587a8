"""Plays an address with GStreamer and prints the MD5 of every picture, until there were enough pictures and sound.

Arguments: element (playbin or playbin3), address, "clock" (as players do) or "at-once", pictures, buffers of sound.
"""

import hashlib
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

Gst.init(None)
element, address, pace, pictures, sounds = sys.argv[1:]
wanted = {"video": int(pictures), "audio": int(sounds)}
hashes = []
loop = GLib.MainLoop()
player = Gst.ElementFactory.make(element)
player.props.uri = address


def take(medium, buffer):
    if medium == "video" and wanted[medium] > 0:
        _, content = buffer.map(Gst.MapFlags.READ)
        hashes.append(hashlib.md5(content.data).hexdigest())
        buffer.unmap(content)
    wanted[medium] -= 1
    if max(wanted.values()) <= 0:
        loop.quit()


def sink(medium, caps):
    bin = Gst.parse_bin_from_description(
        f"{medium}convert ! {caps} ! fakesink name=end signal-handoffs=true",
        True,
    )
    end = bin.get_by_name("end")
    end.props.sync = pace == "clock"
    end.connect("handoff", lambda _sink, buffer, _pad: take(medium, buffer))
    return bin


def fail(_bus, message):
    print(message.parse_error(), file=sys.stderr)
    hashes.clear()
    loop.quit()


player.props.video_sink = sink("video", "video/x-raw,format=I420")
player.props.audio_sink = sink("audio", "audio/x-raw")
bus = player.get_bus()
bus.add_signal_watch()
bus.connect("message::error", fail)
bus.connect("message::eos", lambda *_: loop.quit())
player.set_state(Gst.State.PLAYING)
loop.run()
player.set_state(Gst.State.NULL)
print("\n".join(hashes))
sys.exit(0 if hashes and max(wanted.values()) <= 0 else 1)
