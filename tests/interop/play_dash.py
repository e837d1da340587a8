"""Plays a stream with playbin3 for some seconds; prints the time of every picture and every piece of sound."""

import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402


def say(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def sink(kind):
    """A sink that prints what it plays."""
    one = Gst.ElementFactory.make("fakesink")
    one.set_property("sync", True)
    one.set_property("signal-handoffs", True)
    one.connect("handoff", lambda _, buffer, __: say(f"{kind} {buffer.pts} {buffer.duration}"))
    return one


def main():
    url, seconds = sys.argv[1:]
    Gst.init(None)
    loop = GLib.MainLoop()
    player = Gst.ElementFactory.make("playbin3")
    player.set_property("uri", url)
    player.set_property("video-sink", sink("video"))
    player.set_property("audio-sink", sink("audio"))
    bus = player.get_bus()
    bus.add_signal_watch()

    def fail(_, message):
        say(f"error {message.parse_error()}")
        loop.quit()

    bus.connect("message::error", fail)
    # It plays as soon as there is something, and does not wait until its buffers are full.
    player.set_state(Gst.State.PLAYING)
    GLib.timeout_add_seconds(int(seconds), loop.quit)
    loop.run()
    player.set_state(Gst.State.NULL)


main()
