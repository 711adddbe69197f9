/* Starts the page when its thumbnails are decoded. */
{
  const { drawing, filter, sheets, view } = kerastl;
  sheets.load().then(() => {
    filter.start();
    new ResizeObserver(drawing.resize).observe(view.canvas.parentElement);
    drawing.resize();
    document.body.dataset.ready = "";
  }).catch(() => filter.say("The thumbnails of this page cannot be decoded: the file is damaged, or the browser too old."));
}
