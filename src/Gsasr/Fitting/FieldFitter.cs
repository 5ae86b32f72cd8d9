using System.Runtime.CompilerServices;
using Gsasr.Checkpoints;
using Gsasr.Fields;
using Gsasr.Raster;
using Gsasr.Tensors;

namespace Gsasr.Fitting;

/// <summary>
/// Finds Gaussians whose sum is an image, by gradient descent on the mean squared error. Half of them begin on a grid; the rest are added
/// in rounds where the error is largest, each with the colour that is missing there. All work of a step is done on the device.
/// <c>docs/fitting.md</c> says more.
/// </summary>
/// <remarks>Owns device memory; used by one thread at a time, and disposed of before its device.</remarks>
public sealed class FieldFitter : IDisposable
{
    /// <summary>Columns of a Gaussian: those of <see cref="GaussianFormat.Activated"/> with three colours.</summary>
    internal const int Columns = GaussianFormat.Activated.ColumnsOfRgb;

    // The rounds in which Gaussians are added, as shares of the whole work.
    private static readonly double[] s_rounds = [0.06, 0.12, 0.18, 0.24, 0.3];

    // Roughly how far a step moves a standard deviation (as a share of it), a correlation, a centre (in pixels) and a colour.
    private const float SigmaRate = 0.02f;
    private const float RhoRate = 0.02f;
    private const float MeanRate = 0.1f;
    private const float ColourRate = 0.01f;

    // The share of these rates that is left at the end.
    private const double LastRate = 0.02;

    // The least standard deviation, in pixels, and the largest correlation, which limits how thin an ellipse may become.
    private const float LeastSigma = 0.2f;
    private const float LargestRho = 0.95f;

    private readonly Device _device;
    private readonly Arena _arena;
    private readonly int _width;
    private readonly int _height;
    private readonly bool _isGrey;
    private readonly int _bitDepth;
    private readonly FitOptions _options;
    private readonly float[] _targetValues;
    private readonly List<DeviceBuffer> _buffers = [];
    private readonly Tensor _target;
    private readonly Tensor _image;
    private readonly Tensor _gaussians;
    private readonly Tensor _gradient;
    private readonly RasterSettings _settings;
    private AdamOptimizer? _adam;

    private FieldFitter(float[] target, int width, int height, bool isGrey, int bitDepth, Device device, FitOptions options)
    {
        _device = device;
        _arena = new Arena(device);
        _width = width;
        _height = height;
        _isGrey = isGrey;
        _bitDepth = bitDepth;
        _options = options;
        _settings = new RasterSettings(width, height, 1, FieldDescription.NoBox) { Layout = GaussianLayout.Activated };
        _targetValues = target;
        try
        {
            _target = Allocate(height, width, 3);
            _target.Buffer.Upload<float>(_targetValues, 0);
            _image = Allocate(height, width, 3);
            _gaussians = Allocate(1, options.Gaussians, Columns);
            _gradient = Allocate(1, options.Gaussians, Columns);
            Replace(FitStart.Grid(_targetValues, width, height, Math.Max(1, options.Gaussians / 2)));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Starts with the Gaussians of the grid.</summary>
    /// <typeparam name="T">What a channel is: byte, ushort or float.</typeparam>
    /// <param name="image">The image; alpha is left out.</param>
    /// <param name="device">The device; it must outlive the fitter.</param>
    /// <param name="options">How many Gaussians.</param>
    /// <exception cref="ArgumentException">The image is empty, a float is not a number, or an option is outside its range.</exception>
    /// <exception cref="DeviceException">The device failed or has too little memory.</exception>
    public static FieldFitter Create<T>(ReadOnlyPixelSpan<T> image, Device device, FitOptions options)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(image.Width, 1, nameof(image));
        if (options.Gaussians is < 1 or > FitOptions.MaximumGaussians)
            throw new ArgumentOutOfRangeException(nameof(options), options.Gaussians, $"A field has 1 to {FitOptions.MaximumGaussians} Gaussians.");
        int width = image.Width;
        int height = image.Height;
        var target = new float[checked(width * height * 3)];
        for (int y = 0; y < height; y++)
            PixelConversion.ToColours(image.Row(y), image.Layout, target.AsSpan(y * width * 3, width * 3));
        return new FieldFitter(target, width, height, image.Layout.IsGrey(), Unsafe.SizeOf<T>() == 1 ? 8 : 16, device, options);
    }

    /// <summary>Steps so far.</summary>
    public int Steps { get; private set; }

    /// <summary>Gaussians so far.</summary>
    public int Count { get; private set; }

    /// <summary>The share of the whole work that was done before the last step, 0 to 1.</summary>
    public double Done { get; private set; }

    /// <summary>
    /// Moves all Gaussians by one step. Where the schedule says so, Gaussians are added first. The work is queued; it is not waited for.
    /// </summary>
    /// <param name="done">
    /// The share of the whole work that is done, 0 to 1, never less than before: the schedule goes by it. The same sequence of shares
    /// gives the same Gaussians on one device, bit by bit.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The share is not between 0 and 1, or less than before.</exception>
    public void Step(double done)
    {
        if (!(done >= Done && done <= 1))
            throw new ArgumentOutOfRangeException(nameof(done), done, $"The share of the work that is done is {Done} to 1 by now.");
        Done = done;
        while (Rounds < s_rounds.Length && done >= s_rounds[Rounds])
            AddRound();
        Tensor gaussians = Used(_gaussians);
        Tensor gradient = Used(_gradient);
        Rasterizer.Render(gaussians, _settings, _image, _arena);
        SquaredError.Gradient(_image, _target, _image);
        Rasterizer.Backward(gaussians, _settings, _image, gradient, _arena);
        _adam!.Step(gradient, (float)(LastRate + (1 - LastRate) * 0.5 * (1 + Math.Cos(Math.PI * done))));
        Steps++;
    }

    /// <summary>The peak signal-to-noise ratio of the sums, neither clamped nor rounded, in decibels. Waits for the device.</summary>
    public double MeasurePsnr()
    {
        Rasterizer.Render(Used(_gaussians), _settings, _image, _arena);
        return -10 * Math.Log10(SquaredError.Mean(_image, _target, _arena));
    }

    /// <summary>The Gaussians as they are now, as a field of their own. Waits for the device.</summary>
    /// <exception cref="DeviceException">The device failed or has too little memory.</exception>
    public GaussianField ToField() => GaussianField.Create(
        new FieldData
        {
            Layout = GaussianLayout.Activated,
            Gaussians = Used(_gaussians).ToArray(),
            Width = _width,
            Height = _height,
            CanvasWidth = _width,
            CanvasHeight = _height,
            Scale = 1,
            DMax = FieldDescription.NoBox,
            IsGrey = _isGrey,
            BitDepth = _bitDepth,
            Source = $"fitted, {Steps} steps",
        },
        _device);

    /// <summary>
    /// Writes all that is needed to continue later into a file, which appears complete or not at all. Waits for the device.
    /// </summary>
    /// <param name="path">Where to write; a file that is there is replaced.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written.</exception>
    public void SaveState(string path) => FitState.Write(path, new FitState
    {
        Job = Job,
        Gaussians = Used(_gaussians).ToArray(),
        Moments = _adam!.Moments.ToArray(),
        Steps = Steps,
        AdamSteps = _adam.Steps,
        Rounds = Rounds,
        Done = Done,
    });

    /// <summary>Continues from a file, as if there had been no interruption, bit by bit.</summary>
    /// <param name="path">A file of <see cref="SaveState"/> for the same image and options.</param>
    /// <exception cref="CheckpointFormatException">
    /// The file is no such state, is damaged, or is of another image or other options.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public void LoadState(string path)
    {
        FitState state = FitState.Read(path, Job, _options.Gaussians, s_rounds.Length);
        Use(state.Gaussians);
        _adam!.Moments.Buffer.Upload<float>(state.Moments, 0);
        _adam.Steps = state.AdamSteps;
        Steps = state.Steps;
        Rounds = state.Rounds;
        Done = state.Done;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _adam?.Dispose();
        _arena.Dispose();
        foreach (DeviceBuffer buffer in _buffers)
            buffer.Dispose();
    }

    // How many rounds of new Gaussians there were.
    private int Rounds { get; set; }

    // The image and the options that a state belongs to.
    private string Job => FitState.Describe(_targetValues, _width, _height, _options);

    private Tensor Used(in Tensor tensor) => tensor.Reshape(width: Count);

    private Tensor Allocate(int height, int width, int channels)
    {
        DeviceBuffer buffer = _device.Allocate((long)height * width * channels * sizeof(float));
        _buffers.Add(buffer);
        return new Tensor(buffer, 0, height, width, channels, channels);
    }

    private void AddRound()
    {
        Rounds++;
        int left = _options.Gaussians - Count;
        int added = Rounds == s_rounds.Length ? left : left / (s_rounds.Length - Rounds + 1);
        if (added == 0)
            return;
        Rasterizer.Render(Used(_gaussians), _settings, _image, _arena);
        float[] gaussians = FitStart.WhereErrorIsLarge(
            _targetValues, _image.ToArray(), _width, _height, added, _options.Gaussians, new Random(unchecked((_options.Seed * 31) + Rounds)));
        Replace([.. Used(_gaussians).ToArray(), .. gaussians]);
    }

    private void Replace(float[] gaussians)
    {
        FitStart.SortByPlace(gaussians, _width, _height);
        Use(gaussians);
    }

    private void Use(float[] gaussians)
    {
        _gaussians.Buffer.Upload<float>(gaussians, 0);
        Count = gaussians.Length / Columns;
        _adam?.Dispose();
        float largest = 2 * Math.Max(_width, _height);
        _adam = new AdamOptimizer(
            Used(_gaussians),
            [
                new AdamChannel(SigmaRate, LeastSigma, largest, IsLogarithmic: true),
                new AdamChannel(SigmaRate, LeastSigma, largest, IsLogarithmic: true),
                new AdamChannel(RhoRate, -LargestRho, LargestRho),
                new AdamChannel(MeanRate / _width, -0.5f, 1.5f),
                new AdamChannel(MeanRate / _height, -0.5f, 1.5f),
                new AdamChannel(ColourRate),
                new AdamChannel(ColourRate),
                new AdamChannel(ColourRate),
            ]);
    }
}
