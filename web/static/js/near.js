// Sort halls by distance from where the phone is. Only a press asks for the position, and it leaves the phone
// rounded to about a kilometre.

const DECIMALS = 2;

for (const form of document.querySelectorAll('form[data-near]')) {
  const button = form.querySelector('[data-near-me]');
  if (!button || !('geolocation' in navigator)) continue;
  button.hidden = false;
  button.addEventListener('click', () => {
    button.disabled = true;
    navigator.geolocation.getCurrentPosition((found) => go(form, found.coords), () => fail(form, button), {
      enableHighAccuracy: false,
      timeout: 10000,
      maximumAge: 600000,
    });
  });
}

function go(form, { latitude, longitude }) {
  const url = new URL(form.action, location.href);
  for (const [name, value] of new FormData(form)) {
    if (name !== 'from') url.searchParams.set(name, value);
  }
  url.searchParams.set('near', `${latitude.toFixed(DECIMALS)},${longitude.toFixed(DECIMALS)}`);
  location.assign(url);
}

function fail(form, button) {
  button.disabled = false;
  const say = form.querySelector('[data-near-say]');
  if (say) say.textContent = button.dataset.failed;
}
