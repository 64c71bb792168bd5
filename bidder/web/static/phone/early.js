// Stands in the page itself and runs before anything else is loaded: the line to the gateway opens while the script is
// still on its way, and who comes to join sees at once where to do that.
{
  const heard = [];
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/live`);
  socket.onmessage = (event) => heard.push(event);
  window.early = { socket, heard };
  if (/^#(join$|invite=|code=|arrive=)/.test(location.hash)) document.documentElement.dataset.joining = "";
}
