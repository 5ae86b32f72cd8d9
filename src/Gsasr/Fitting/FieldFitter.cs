using Gsasr.Fields;
using Gsasr.Raster;
using Gsasr.Tensors;

namespace Gsasr.Fitting;

/// <summary>
/// Finds Gaussians whose sum is an image, by gradient descent on the mean squared error. Half of them begin on a grid; the rest are added
/// in rounds where the error is largest, each with the colour that is missing there. All work of a step is done on the device.
/// </summary>
/// <remarks>Owns device memory; used by one thread at a time, and disposed of before its device.</remarks>
public sealed class FieldFitter : IDisposable
{
    /// <summary>Columns of a Gaussian: those of <see cref="GaussianColumns"/> with three colours.</summary>
    internal const int Columns = GaussianColumns.FirstColour + 3;

    // The rounds in which Gaussians are added, as shares of the whole work.
    private static readonly double[] s_rounds = [0.06, 0.12, 0.18, 0.24, 0.3];

    private const float LeastSigma = 0.2f;
    private const float LargestRho = 0.95f;

    private readonly Device _device;
    private readonly Arena _arena;
    private readonly int _width;
    private readonly int _height;
    private readonly FitOptions _options;
    private readonly float[] _targetValues;
    private readonly Tensor _target;
    private readonly Tensor _image;
    private readonly Tensor _gaussians;
    private readonly Tensor _gradient;
    private readonly RasterSettings _settings;
    private AdamOptimizer? _adam;

    /// <summary>Starts with the Gaussians of the grid.</summary>
    /// <param name="pixels">[height, width, channels]; alpha is left out.</param>
    /// <param name="width">Columns of the image.</param>
    /// <param name="height">Rows of the image.</param>
    /// <param name="layout">The channels.</param>
    /// <param name="device">The device; it must outlive the fitter.</param>
    /// <param name="options">How many Gaussians.</param>
    /// <exception cref="ArgumentException">The span does not have the size that the other arguments say, or an option is outside its range.</exception>
    /// <exception cref="DeviceException">The device failed or has too little memory.</exception>
    public FieldFitter(ReadOnlySpan<byte> pixels, int width, int height, PixelLayout layout, Device device, FitOptions options)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (pixels.Length != (long)width * height * layout.ChannelCount())
            throw new ArgumentException($"{pixels.Length} values are not an image of {width} x {height} pixels with {layout.ChannelCount()} channels.", nameof(pixels));
        if (options.Gaussians is < 1 or > FitOptions.MaximumGaussians)
            throw new ArgumentOutOfRangeException(nameof(options), options.Gaussians, $"A field has 1 to {FitOptions.MaximumGaussians} Gaussians.");
        _device = device;
        _arena = new Arena(device);
        _width = width;
        _height = height;
        _options = options;
        _settings = new RasterSettings(width, height, 1, FieldData.NoBox) { Layout = GaussianLayout.Activated };
        _targetValues = new float[width * height * 3];
        PixelConversion.ToColours(pixels, layout, _targetValues);
        _target = device.Upload(_targetValues, height, width, 3);
        _image = device.Upload(_targetValues, height, width, 3);
        _gaussians = device.Upload(new float[options.Gaussians * Columns], 1, options.Gaussians, Columns);
        _gradient = device.Upload(new float[options.Gaussians * Columns], 1, options.Gaussians, Columns);
        Replace(FitStart.Grid(_targetValues, width, height, Math.Max(1, options.Gaussians / 2)));
    }

    /// <summary>Steps so far.</summary>
    public int Steps { get; private set; }

    /// <summary>Gaussians so far.</summary>
    public int Count { get; private set; }

    /// <summary>How many rounds of new Gaussians there were.</summary>
    internal int Rounds { get; private set; }

    /// <summary>Moves all Gaussians by one step.</summary>
    /// <param name="done">The share of the whole work that is done, 0 to 1: the schedule goes by it.</param>
    public void Step(double done)
    {
        if (Rounds < s_rounds.Length && done >= s_rounds[Rounds])
            AddRound();
        Tensor gaussians = Used(_gaussians);
        Tensor gradient = Used(_gradient);
        Rasterizer.Render(gaussians, _settings, _image, _arena);
        SquaredError.Gradient(_image, _target, _image);
        Rasterizer.Backward(gaussians, _settings, _image, gradient, _arena);
        _adam!.Step(gradient, Rate(done));
        Steps++;
    }

    /// <summary>The peak signal-to-noise ratio of the sums, neither clamped nor rounded, in decibels. Waits for the device.</summary>
    public double MeasurePsnr()
    {
        Rasterizer.Render(Used(_gaussians), _settings, _image, _arena);
        return -10 * Math.Log10(SquaredError.Mean(_image, _target, _arena));
    }

    /// <summary>[count, 8] Gaussians as they are now.</summary>
    internal float[] Download() => Used(_gaussians).ToArray();

    /// <inheritdoc/>
    public void Dispose()
    {
        _adam?.Dispose();
        _arena.Dispose();
        _target.Buffer.Dispose();
        _image.Buffer.Dispose();
        _gaussians.Buffer.Dispose();
        _gradient.Buffer.Dispose();
    }

    // A short warm-up, then down a cosine to a fiftieth.
    private static float Rate(double done)
    {
        return (float)(0.02 + 0.98 * 0.5 * (1 + Math.Cos(Math.PI * Math.Clamp(done, 0, 1))));
    }

    private Tensor Used(in Tensor tensor) => tensor with { Width = Count };

    private void AddRound()
    {
        Rounds++;
        int wanted = Rounds == s_rounds.Length ? _options.Gaussians : Count + (_options.Gaussians - Count) / (s_rounds.Length - Rounds + 1);
        if (wanted <= Count)
            return;
        Rasterizer.Render(Used(_gaussians), _settings, _image, _arena);
        float[] added = FitStart.WhereErrorIsLarge(
            _targetValues, _image.ToArray(), _width, _height, wanted - Count, _options.Gaussians, new Random(_options.Seed * 31 + Rounds));
        Replace([.. Download(), .. added]);
    }

    private void Replace(float[] gaussians)
    {
        FitStart.SortByPlace(gaussians, _width, _height);
        _gaussians.Buffer.Upload<float>(gaussians, 0);
        Count = gaussians.Length / Columns;
        _adam?.Dispose();
        float pixel = 1f;
        _adam = new AdamOptimizer(
            Used(_gaussians),
            [
                new AdamChannel(SigmaRate, LeastSigma, 2 * Math.Max(_width, _height), IsLogarithmic: true),
                new AdamChannel(SigmaRate, LeastSigma, 2 * Math.Max(_width, _height), IsLogarithmic: true),
                new AdamChannel(RhoRate, -LargestRho, LargestRho),
                new AdamChannel(MeanRate * pixel / _width, -0.5f, 1.5f),
                new AdamChannel(MeanRate * pixel / _height, -0.5f, 1.5f),
                new AdamChannel(ColourRate),
                new AdamChannel(ColourRate),
                new AdamChannel(ColourRate),
            ]);
    }

    internal static float SigmaRate = float.Parse(Environment.GetEnvironmentVariable("F_SIGMA") ?? "0.02");
    internal static float RhoRate = float.Parse(Environment.GetEnvironmentVariable("F_RHO") ?? "0.02");
    internal static float MeanRate = float.Parse(Environment.GetEnvironmentVariable("F_MEAN") ?? "0.1");
    internal static float ColourRate = float.Parse(Environment.GetEnvironmentVariable("F_COLOUR") ?? "0.01");
}
