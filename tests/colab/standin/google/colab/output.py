import os
from types import SimpleNamespace

_widgets = SimpleNamespace(_installed_url=None)


def enable_custom_widget_manager(version: str = "") -> None:
    _widgets._installed_url = (
        "https://ssl.gstatic.com/colaboratory-static/widgets/colab-cdn-widget-manager/manager.min.js"
    )
    with open(os.environ["COLAB_LOG"], "a") as log:
        log.write(f"{os.getpid()}\n")
